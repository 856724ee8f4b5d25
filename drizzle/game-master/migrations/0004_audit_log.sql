CREATE TABLE "game_master"."audit_entries" (
	"entry_id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"operator_id" uuid,
	"session_id" uuid,
	"action" text NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" text NOT NULL,
	"reason" text,
	"before" jsonb,
	"after" jsonb,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "audit_entries_by_subject" ON "game_master"."audit_entries" USING btree ("subject_kind","subject_id","entry_id");--> statement-breakpoint
CREATE FUNCTION "game_master"."refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'entries of the audit log are never changed or deleted' USING ERRCODE = 'restrict_violation';
END;
$$;--> statement-breakpoint
CREATE TRIGGER "audit_entries_are_final" BEFORE UPDATE OR DELETE OR TRUNCATE ON "game_master"."audit_entries" FOR EACH STATEMENT EXECUTE FUNCTION "game_master"."refuse_audit_change"();
