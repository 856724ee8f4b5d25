CREATE TABLE "backend"."mail_opt_outs" (
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mail_opt_outs_pkey" PRIMARY KEY("user_id","kind")
);
--> statement-breakpoint
ALTER TABLE "backend"."mail_opt_outs" ADD CONSTRAINT "mail_opt_outs_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "backend"."users"("user_id") ON DELETE no action ON UPDATE no action;