ALTER TABLE "game_master"."dead_letters" ADD COLUMN "parked_key" text;--> statement-breakpoint
ALTER TABLE "game_master"."dead_letters" ADD COLUMN "retry_requested_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "game_master"."games" ADD COLUMN "engine_problem" text;