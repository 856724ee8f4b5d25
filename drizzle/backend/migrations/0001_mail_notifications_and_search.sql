CREATE TABLE "backend"."consumers" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" uuid,
	"held_until" timestamp (3) with time zone,
	"last_error" text,
	"last_error_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "backend"."dead_letters" (
	"dead_letter_id" uuid PRIMARY KEY NOT NULL,
	"consumer" text NOT NULL,
	"entry_id" text NOT NULL,
	"fields" jsonb NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "dead_letters_one_per_entry" UNIQUE("consumer","entry_id")
);
--> statement-breakpoint
CREATE TABLE "backend"."mails" (
	"mail_id" uuid PRIMARY KEY NOT NULL,
	"recipient" text NOT NULL,
	"locale" text NOT NULL,
	"content" "bytea" NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "backend"."processed_entries" (
	"consumer" text NOT NULL,
	"event_id" text NOT NULL,
	"processed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "processed_entries_pkey" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE INDEX "dead_letters_by_age" ON "backend"."dead_letters" USING btree ("created_at","dead_letter_id");--> statement-breakpoint
CREATE INDEX "mails_by_deadline" ON "backend"."mails" USING btree ("expires_at","mail_id");--> statement-breakpoint
CREATE INDEX "mails_by_recipient" ON "backend"."mails" USING btree ("recipient");--> statement-breakpoint
CREATE INDEX "processed_entries_by_age" ON "backend"."processed_entries" USING btree ("processed_at");--> statement-breakpoint
CREATE INDEX "users_email_prefix" ON "backend"."users" USING btree ("email" text_pattern_ops);--> statement-breakpoint
CREATE INDEX "users_handle_prefix" ON "backend"."users" USING btree ("handle" text_pattern_ops);