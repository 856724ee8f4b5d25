CREATE TABLE "backend"."mail_budgets" (
	"only_row" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"codes_full_at_ms" double precision DEFAULT 0 NOT NULL,
	"other_codes_full_at_ms" double precision DEFAULT 0 NOT NULL,
	CONSTRAINT "mail_budgets_only_row" CHECK ("backend"."mail_budgets"."only_row")
);
--> statement-breakpoint
ALTER TABLE "backend"."mails" ADD COLUMN "queue" text DEFAULT 'unsorted' NOT NULL;--> statement-breakpoint
ALTER TABLE "backend"."mails" ADD COLUMN "rank" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "backend"."mails" ADD COLUMN "client_network" text;--> statement-breakpoint
CREATE INDEX "auth_challenges_by_network" ON "backend"."auth_challenges" USING btree ("client_network","created_at");--> statement-breakpoint
CREATE INDEX "mails_by_turn" ON "backend"."mails" USING btree ("queue","rank","expires_at","mail_id");--> statement-breakpoint
CREATE INDEX "mails_by_network" ON "backend"."mails" USING btree ("client_network") WHERE client_network is not null;