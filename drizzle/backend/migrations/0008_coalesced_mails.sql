CREATE TABLE "backend"."mail_windows" (
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"game_id" text NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"last_mail_id" uuid NOT NULL,
	"counted" integer DEFAULT 0 NOT NULL,
	"mail_id" uuid NOT NULL,
	"content" "bytea" NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mail_windows_pkey" PRIMARY KEY("user_id","kind","game_id")
);
--> statement-breakpoint
ALTER TABLE "backend"."mails" ADD COLUMN "notices" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "backend"."mail_windows" ADD CONSTRAINT "mail_windows_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "backend"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mail_windows_by_end" ON "backend"."mail_windows" USING btree ("ends_at");