CREATE TABLE "backend"."audit_entries" (
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
CREATE TABLE "backend"."operator_challenges" (
	"challenge_id" uuid PRIMARY KEY NOT NULL,
	"challenge" text NOT NULL,
	"console_url" text NOT NULL,
	"link_token_hash" "bytea",
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "backend"."operator_links" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"operator_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "backend"."operator_passkeys" (
	"credential_id" text PRIMARY KEY NOT NULL,
	"operator_id" uuid NOT NULL,
	"public_key" "bytea" NOT NULL,
	"counter" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "backend"."operator_sessions" (
	"session_id" uuid PRIMARY KEY NOT NULL,
	"operator_id" uuid NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "operator_sessions_token_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "backend"."operators" (
	"operator_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"roles" text[] NOT NULL,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"disabled_at" timestamp (3) with time zone,
	CONSTRAINT "operators_email_unique" UNIQUE("email")
);
--> statement-breakpoint
ALTER TABLE "backend"."mails" ADD COLUMN "notices" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "backend"."mail_windows" ADD CONSTRAINT "mail_windows_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "backend"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "backend"."operator_links" ADD CONSTRAINT "operator_links_operator_id_operators_operator_id_fk" FOREIGN KEY ("operator_id") REFERENCES "backend"."operators"("operator_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "backend"."operator_passkeys" ADD CONSTRAINT "operator_passkeys_operator_id_operators_operator_id_fk" FOREIGN KEY ("operator_id") REFERENCES "backend"."operators"("operator_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "backend"."operator_sessions" ADD CONSTRAINT "operator_sessions_operator_id_operators_operator_id_fk" FOREIGN KEY ("operator_id") REFERENCES "backend"."operators"("operator_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_by_subject" ON "backend"."audit_entries" USING btree ("subject_kind","subject_id","entry_id");--> statement-breakpoint
CREATE INDEX "mail_windows_by_end" ON "backend"."mail_windows" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "operator_challenges_by_age" ON "backend"."operator_challenges" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "operator_links_by_operator" ON "backend"."operator_links" USING btree ("operator_id");--> statement-breakpoint
CREATE INDEX "operator_passkeys_by_operator" ON "backend"."operator_passkeys" USING btree ("operator_id");--> statement-breakpoint
CREATE INDEX "operator_sessions_by_operator" ON "backend"."operator_sessions" USING btree ("operator_id");--> statement-breakpoint
CREATE FUNCTION "backend"."refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'entries of the audit log are never changed or deleted' USING ERRCODE = 'restrict_violation';
END;
$$;--> statement-breakpoint
CREATE TRIGGER "audit_entries_are_final" BEFORE UPDATE OR DELETE OR TRUNCATE ON "backend"."audit_entries" FOR EACH STATEMENT EXECUTE FUNCTION "backend"."refuse_audit_change"();
