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
