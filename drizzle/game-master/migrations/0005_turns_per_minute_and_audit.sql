ALTER TABLE "game_master"."workers" ADD COLUMN "turns_last_minute" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE FUNCTION "game_master"."refuse_early_audit_deletion"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD."at" < now() - interval '400 days' THEN
		RETURN OLD;
	END IF;
	RAISE EXCEPTION 'entries of the audit log are never changed or deleted before 400 days have passed' USING ERRCODE = 'restrict_violation';
END;
$$;--> statement-breakpoint
CREATE TRIGGER "audit_entries_are_kept" BEFORE DELETE ON "game_master"."audit_entries" FOR EACH ROW EXECUTE FUNCTION "game_master"."refuse_early_audit_deletion"();--> statement-breakpoint
CREATE OR REPLACE TRIGGER "audit_entries_are_final" BEFORE UPDATE OR TRUNCATE ON "game_master"."audit_entries" FOR EACH STATEMENT EXECUTE FUNCTION "game_master"."refuse_audit_change"();
