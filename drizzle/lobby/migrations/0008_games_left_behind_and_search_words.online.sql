CREATE INDEX CONCURRENTLY IF NOT EXISTS "games_idle" ON "lobby"."games" USING btree ((case when "status" in ('draft', 'enrollment_open') then "enrollment_ends_at" else "updated_at" end)) WHERE "lobby"."games"."status" in ('draft', 'enrollment_open', 'ready_to_start', 'start_failed');
--> statement-breakpoint
CREATE INDEX CONCURRENTLY IF NOT EXISTS "games_unregistered" ON "lobby"."games" USING btree (coalesce("registration_due_at", "bound_at")) WHERE "lobby"."games"."status" = 'paused' and "lobby"."games"."registered_at" is null;
--> statement-breakpoint
ALTER TABLE "lobby"."timeline" VALIDATE CONSTRAINT "timeline_trigger_known";
