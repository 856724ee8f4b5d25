CREATE TABLE "backend"."wrong_codes" (
	"wrong_code_id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"client_network" text,
	"owner_notified" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "backend"."auth_challenges" ADD COLUMN "known_device_session_id" uuid;--> statement-breakpoint
CREATE INDEX "wrong_codes_by_email" ON "backend"."wrong_codes" USING btree ("email","created_at");--> statement-breakpoint
CREATE INDEX "wrong_codes_by_network" ON "backend"."wrong_codes" USING btree ("client_network","created_at");--> statement-breakpoint
CREATE INDEX "wrong_codes_by_age" ON "backend"."wrong_codes" USING btree ("created_at");