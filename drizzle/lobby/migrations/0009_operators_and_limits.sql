CREATE TABLE "lobby"."audit_entries" (
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
CREATE TABLE "lobby"."withheld_race_names" (
	"withheld_name_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"folded" text NOT NULL,
	"skeleton" text NOT NULL,
	"reason" text NOT NULL,
	"withheld_by" text,
	"withheld_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "withheld_race_names_folded" UNIQUE("folded"),
	CONSTRAINT "withheld_race_names_skeleton" UNIQUE("skeleton")
);
--> statement-breakpoint
ALTER TABLE "lobby"."applications" ADD COLUMN "attempts" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "lobby"."invites" ADD COLUMN "attempts" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_entries_by_subject" ON "lobby"."audit_entries" USING btree ("subject_kind","subject_id","entry_id");--> statement-breakpoint
CREATE INDEX "withheld_race_names_newest" ON "lobby"."withheld_race_names" USING btree ("withheld_at","withheld_name_id");--> statement-breakpoint
CREATE FUNCTION "lobby"."refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'entries of the audit log are never changed or deleted' USING ERRCODE = 'restrict_violation';
END;
$$;--> statement-breakpoint
CREATE TRIGGER "audit_entries_are_final" BEFORE UPDATE OR DELETE OR TRUNCATE ON "lobby"."audit_entries" FOR EACH STATEMENT EXECUTE FUNCTION "lobby"."refuse_audit_change"();
