CREATE TABLE "backend"."operator_identities" (
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"operator_id" uuid NOT NULL,
	"bound_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "operator_identities_pkey" PRIMARY KEY("issuer","subject")
);
--> statement-breakpoint
CREATE TABLE "backend"."operator_oidc_challenges" (
	"challenge_id" uuid PRIMARY KEY NOT NULL,
	"console_url" text NOT NULL,
	"state" text NOT NULL,
	"nonce" text NOT NULL,
	"code_verifier" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "backend"."operator_identities" ADD CONSTRAINT "operator_identities_operator_id_operators_operator_id_fk" FOREIGN KEY ("operator_id") REFERENCES "backend"."operators"("operator_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "operator_identities_by_operator" ON "backend"."operator_identities" USING btree ("operator_id","issuer");--> statement-breakpoint
CREATE INDEX "operator_oidc_challenges_by_age" ON "backend"."operator_oidc_challenges" USING btree ("expires_at");