ALTER TABLE "lobby"."applications" ADD COLUMN "attempts" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."invites" ADD COLUMN "attempts" integer DEFAULT 1 NOT NULL;