CREATE TABLE "backend"."mail_history" (
	"mail_id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"outcome" text NOT NULL,
	"failures" integer NOT NULL,
	"written_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "backend"."mail_history" ADD CONSTRAINT "mail_history_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "backend"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mail_history_by_user" ON "backend"."mail_history" USING btree ("user_id","written_at","mail_id");--> statement-breakpoint
CREATE INDEX "mail_history_by_age" ON "backend"."mail_history" USING btree ("ended_at");