ALTER TABLE "lobby"."games" ADD COLUMN "min_turn_seconds" integer;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "quiet_days" integer[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD COLUMN "grace_seconds" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_min_turn_seconds" CHECK ("lobby"."games"."min_turn_seconds" between 1 and 2592000);--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_quiet_days" CHECK ("lobby"."games"."quiet_days" <@ '{1,2,3,4,5,6,7}' and cardinality("lobby"."games"."quiet_days") <= 6);--> statement-breakpoint
ALTER TABLE "lobby"."games" ADD CONSTRAINT "games_grace_seconds" CHECK ("lobby"."games"."grace_seconds" between 0 and 1296000);