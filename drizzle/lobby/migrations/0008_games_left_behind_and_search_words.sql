CREATE TABLE "lobby"."blocked_addresses" (
	"game_id" uuid NOT NULL,
	"address_hash" text NOT NULL,
	"membership_id" uuid NOT NULL,
	CONSTRAINT "blocked_addresses_pkey" PRIMARY KEY("game_id","address_hash","membership_id")
);
--> statement-breakpoint
CREATE TABLE "lobby"."listed_words" (
	"game_type" text NOT NULL,
	"word" text collate "C" NOT NULL,
	"game_id" uuid NOT NULL,
	CONSTRAINT "listed_words_pkey" PRIMARY KEY("game_type","word","game_id")
);
--> statement-breakpoint
ALTER TABLE "lobby"."timeline" DROP CONSTRAINT "timeline_trigger_known";
--> statement-breakpoint
ALTER TABLE "lobby"."game_words" DROP CONSTRAINT "game_words_game_id_games_game_id_fk";
--> statement-breakpoint
ALTER TABLE "lobby"."dead_letters" ADD COLUMN "parked_key" text;
--> statement-breakpoint
ALTER TABLE "lobby"."dead_letters" ADD COLUMN "retry_requested_at" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "auto_approve" boolean DEFAULT false NOT NULL;
--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "registration_due_at" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "search_words" "tsvector";
--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "search_words_of" text;
--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "history_deleted_at" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "lobby"."blocked_addresses" ADD CONSTRAINT "blocked_addresses_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "lobby"."blocked_addresses" ADD CONSTRAINT "blocked_addresses_membership_id_memberships_membership_id_fk" FOREIGN KEY ("membership_id") REFERENCES "lobby"."memberships"("membership_id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "lobby"."listed_words" ADD CONSTRAINT "listed_words_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "listed_words_by_game" ON "lobby"."listed_words" USING btree ("game_id");
--> statement-breakpoint
ALTER TABLE "lobby"."timeline" ADD CONSTRAINT "timeline_trigger_known" CHECK ("lobby"."timeline"."trigger" in ('open_enrollment', 'close_enrollment', 'deadline', 'gap', 'reopen_enrollment', 'start', 'retry_start', 'runtime_ready', 'runtime_unregistered', 'runtime_failed', 'too_few_members', 'start_timeout', 'pause', 'resume', 'correct', 'replace_engine', 'game_finished', 'abandoned', 'idle_timeout', 'cancel', 'external_block')) NOT VALID;
