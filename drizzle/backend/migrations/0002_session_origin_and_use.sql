ALTER TABLE "backend"."device_sessions" ADD COLUMN "network" text;--> statement-breakpoint
ALTER TABLE "backend"."device_sessions" ADD COLUMN "last_used_at" timestamp (3) with time zone;