CREATE INDEX CONCURRENTLY IF NOT EXISTS "applications_refused" ON "lobby"."applications" USING btree ("game_id","user_id") WHERE "lobby"."applications"."status" in ('withdrawn', 'rejected');
--> statement-breakpoint
CREATE INDEX CONCURRENTLY IF NOT EXISTS "memberships_blocked" ON "lobby"."memberships" USING btree ("game_id","user_id") WHERE "lobby"."memberships"."status" = 'blocked';
