ALTER TABLE "lobby"."games" DROP CONSTRAINT "games_min_players";--> statement-breakpoint
ALTER TABLE "lobby"."games" DROP CONSTRAINT "games_max_players";--> statement-breakpoint
ALTER TABLE "lobby"."timeline" DROP CONSTRAINT "timeline_trigger_known";--> statement-breakpoint
ALTER TABLE "lobby"."timeline" DROP CONSTRAINT "timeline_actor_known";--> statement-breakpoint
ALTER TABLE "lobby"."games" ALTER COLUMN "turn_schedule" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "turn_seconds" integer;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "early" text DEFAULT 'off' NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "spectators" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "options" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "report_seq" bigint;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "due_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "closes_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "awaited_seats" integer[];--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "ready_seats" integer[];--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "result" jsonb;--> statement-breakpoint
ALTER TABLE "lobby"."memberships" ADD COLUMN "seat" integer;--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_one_per_seat" ON "lobby"."memberships" USING btree ("game_id","seat") WHERE "lobby"."memberships"."seat" is not null;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_one_clock" CHECK (("lobby"."games"."turn_schedule" is null) <> ("lobby"."games"."turn_seconds" is null));--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_turn_seconds" CHECK ("lobby"."games"."turn_seconds" between 1 and 2592000);--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_early_known" CHECK ("lobby"."games"."early" in ('all_ready', 'off'));--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_min_players" CHECK ("lobby"."games"."min_players" between 1 and 1000);--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_max_players" CHECK ("lobby"."games"."max_players" between 1 and 1000);--> statement-breakpoint
ALTER TABLE "lobby"."timeline" ADD CONSTRAINT "timeline_trigger_known" CHECK ("lobby"."timeline"."trigger" in ('open_enrollment', 'close_enrollment', 'deadline', 'gap', 'start', 'retry_start', 'runtime_ready', 'runtime_unregistered', 'runtime_failed', 'start_timeout', 'pause', 'resume', 'game_finished', 'abandoned', 'cancel', 'external_block'));--> statement-breakpoint
ALTER TABLE "lobby"."timeline" ADD CONSTRAINT "timeline_actor_known" CHECK ("lobby"."timeline"."actor" in ('owner', 'admin', 'worker', 'approval', 'departure', 'job_result', 'gm_event', 'lifecycle_event'));