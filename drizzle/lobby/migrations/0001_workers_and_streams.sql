CREATE TABLE "lobby"."consumers" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" uuid,
	"held_until" timestamp (3) with time zone,
	"last_error" text,
	"last_error_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "lobby"."dead_letters" (
	"dead_letter_id" uuid PRIMARY KEY NOT NULL,
	"consumer" text NOT NULL,
	"entry_id" text NOT NULL,
	"fields" jsonb NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "dead_letters_one_per_entry" UNIQUE("consumer","entry_id")
);
--> statement-breakpoint
CREATE TABLE "lobby"."member_statistics" (
	"game_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"initial_planets" bigint NOT NULL,
	"initial_population" bigint NOT NULL,
	"max_planets" bigint NOT NULL,
	"max_population" bigint NOT NULL,
	CONSTRAINT "member_statistics_pkey" PRIMARY KEY("game_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "lobby"."processed_entries" (
	"consumer" text NOT NULL,
	"event_id" text NOT NULL,
	"processed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "processed_entries_pkey" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "lobby"."waiting_events" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "lobby"."waiting_events_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"game_id" uuid NOT NULL,
	"event" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "start_expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "underfilled_told_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "lobby"."member_statistics" ADD CONSTRAINT "member_statistics_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lobby"."waiting_events" ADD CONSTRAINT "waiting_events_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dead_letters_by_age" ON "lobby"."dead_letters" USING btree ("created_at","dead_letter_id");--> statement-breakpoint
CREATE INDEX "processed_entries_by_age" ON "lobby"."processed_entries" USING btree ("processed_at");--> statement-breakpoint
CREATE INDEX "waiting_events_by_game" ON "lobby"."waiting_events" USING btree ("game_id","position");--> statement-breakpoint
CREATE INDEX "games_start_due" ON "lobby"."games" USING btree ("start_expires_at") WHERE "lobby"."games"."status" = 'starting';--> statement-breakpoint
CREATE INDEX "games_underfilled_due" ON "lobby"."games" USING btree ("enrollment_ends_at") WHERE "lobby"."games"."status" = 'enrollment_open' and "lobby"."games"."underfilled_told_at" is null;