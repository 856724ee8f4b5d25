CREATE TABLE "backend"."mail_history" (
	"user_id" uuid NOT NULL,
	"written_at" timestamp (3) with time zone NOT NULL,
	"mail_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"outcome" text NOT NULL,
	"failures" integer NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mail_history_pkey" PRIMARY KEY("user_id","written_at","mail_id")
);
--> statement-breakpoint
CREATE INDEX "mail_history_by_age" ON "backend"."mail_history" USING btree ("ended_at");