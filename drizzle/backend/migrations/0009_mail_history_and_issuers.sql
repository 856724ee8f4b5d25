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
CREATE INDEX "mail_history_by_age" ON "backend"."mail_history" USING btree ("ended_at");--> statement-breakpoint
CREATE UNIQUE INDEX "operator_identities_by_operator" ON "backend"."operator_identities" USING btree ("operator_id","issuer");--> statement-breakpoint
CREATE INDEX "operator_oidc_challenges_by_age" ON "backend"."operator_oidc_challenges" USING btree ("expires_at");--> statement-breakpoint
CREATE FUNCTION "backend"."refuse_early_audit_deletion"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD."at" < now() - interval '400 days' THEN
		RETURN OLD;
	END IF;
	RAISE EXCEPTION 'entries of the audit log are never changed or deleted before 400 days have passed' USING ERRCODE = 'restrict_violation';
END;
$$;--> statement-breakpoint
CREATE TRIGGER "audit_entries_are_kept" BEFORE DELETE ON "backend"."audit_entries" FOR EACH ROW EXECUTE FUNCTION "backend"."refuse_early_audit_deletion"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "audit_entries_are_final" BEFORE UPDATE OR TRUNCATE ON "backend"."audit_entries" FOR EACH STATEMENT EXECUTE FUNCTION "backend"."refuse_audit_change"();
