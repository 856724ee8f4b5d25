CREATE TABLE "lobby"."game_words" (
	"word" text collate "C" NOT NULL,
	"game_id" uuid NOT NULL,
	CONSTRAINT "game_words_pkey" PRIMARY KEY("word","game_id")
);
--> statement-breakpoint
DROP INDEX "lobby"."games_newest";--> statement-breakpoint
DROP INDEX "lobby"."games_newest_by_status";--> statement-breakpoint
DROP INDEX "lobby"."games_newest_by_engine_version";--> statement-breakpoint
DROP INDEX "lobby"."games_ending_soon";--> statement-breakpoint
DROP INDEX "lobby"."games_words";--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "shelf" text GENERATED ALWAYS AS ("lobby"."games"."game_type" || '/' || "lobby"."games"."status" || case
          when "lobby"."games"."status" = 'enrollment_open' then case
            when "lobby"."games"."active_members" < "lobby"."games"."max_players"
              + case when "lobby"."games"."gap_opened_at" is null then 0 else "lobby"."games"."start_gap_players" end
            then '/free' else '/full' end
          when "lobby"."games"."status" = 'cancelled' and "lobby"."games"."opened_at" is null then '/unopened'
          else '' end) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."game_words" ADD CONSTRAINT "game_words_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "games_newest_on_shelf" ON "lobby"."games" USING btree ("shelf","created_at","game_id");--> statement-breakpoint
CREATE INDEX "games_newest_of_engine_version" ON "lobby"."games" USING btree ("target_engine_version","shelf","created_at","game_id");--> statement-breakpoint
CREATE INDEX "games_ending_soon_on_shelf" ON "lobby"."games" USING btree ("shelf","enrollment_ends_at","game_id") WHERE "lobby"."games"."status" = 'enrollment_open';--> statement-breakpoint
CREATE INDEX "games_ending_soon_of_engine_version" ON "lobby"."games" USING btree ("target_engine_version","shelf","enrollment_ends_at","game_id") WHERE "lobby"."games"."status" = 'enrollment_open';--> statement-breakpoint
INSERT INTO "lobby"."game_words" SELECT unnest(tsvector_to_array("words")), "game_id" FROM "lobby"."games";
