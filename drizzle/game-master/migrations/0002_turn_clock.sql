ALTER TABLE "game_master"."games" ADD COLUMN "min_turn_seconds" integer;--> statement-breakpoint
ALTER TABLE "game_master"."games" ADD COLUMN "quiet_days" integer[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "game_master"."games" ADD COLUMN "grace_seconds" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "game_master"."games" ADD CONSTRAINT "games_min_turn_seconds" CHECK ("game_master"."games"."min_turn_seconds" > 0);--> statement-breakpoint
ALTER TABLE "game_master"."games" ADD CONSTRAINT "games_quiet_days" CHECK (quiet_days <@ '{1,2,3,4,5,6,7}' and cardinality(quiet_days) <= 6);--> statement-breakpoint
ALTER TABLE "game_master"."games" ADD CONSTRAINT "games_grace_seconds" CHECK ("game_master"."games"."grace_seconds" >= 0);