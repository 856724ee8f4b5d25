ALTER TABLE "backend"."dead_letters" ADD COLUMN "parked_key" text;--> statement-breakpoint
ALTER TABLE "backend"."dead_letters" ADD COLUMN "retry_requested_at" timestamp (3) with time zone;