CREATE TABLE "backend"."recovery_codes" (
	"code_hash" "bytea" PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "backend"."auth_challenges" ADD COLUMN "purpose" text DEFAULT 'sign_in' NOT NULL;--> statement-breakpoint
ALTER TABLE "backend"."auth_challenges" ADD COLUMN "user_id" uuid;--> statement-breakpoint
ALTER TABLE "backend"."auth_challenges" ADD COLUMN "email_change_id" uuid;--> statement-breakpoint
ALTER TABLE "backend"."recovery_codes" ADD CONSTRAINT "recovery_codes_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "backend"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "recovery_codes_by_user" ON "backend"."recovery_codes" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "auth_challenges_by_user" ON "backend"."auth_challenges" USING btree ("user_id") WHERE user_id is not null;