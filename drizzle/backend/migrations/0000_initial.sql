-- The migrator makes the schema first, for its own table.
CREATE SCHEMA IF NOT EXISTS "backend";
--> statement-breakpoint
CREATE TABLE "backend"."auth_challenges" (
	"challenge_id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"locale" text NOT NULL,
	"client_network" text,
	"code_hash" "bytea" NOT NULL,
	"failed_attempts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "backend"."device_sessions" (
	"device_session_id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"client_public_key" "bytea" NOT NULL,
	"device_name" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "device_sessions_key_length" CHECK (octet_length("backend"."device_sessions"."client_public_key") = 32)
);
--> statement-breakpoint
CREATE TABLE "backend"."entitlements" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"can_create_public_game" boolean,
	"can_create_private_game" boolean,
	"can_join_game" boolean,
	"max_owned_games" integer,
	"max_active_memberships" integer,
	"max_registered_race_names" integer
);
--> statement-breakpoint
CREATE TABLE "backend"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "backend"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"ordering_key" text NOT NULL,
	"payload" jsonb NOT NULL,
	"traceparent" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "backend"."users" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"handle" text,
	"display_name" text,
	"locale" text NOT NULL,
	"time_zone" text NOT NULL,
	"blocked_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "backend"."device_sessions" ADD CONSTRAINT "device_sessions_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "backend"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "backend"."entitlements" ADD CONSTRAINT "entitlements_user_id_users_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "backend"."users"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "auth_challenges_by_email" ON "backend"."auth_challenges" USING btree ("email","created_at");--> statement-breakpoint
CREATE INDEX "auth_challenges_by_age" ON "backend"."auth_challenges" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "device_sessions_by_user" ON "backend"."device_sessions" USING btree ("user_id","device_session_id");--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "backend"."outbox" USING btree ("ordering_key","position") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "backend"."outbox" USING btree ("position") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "backend"."outbox" USING btree ("published_at") WHERE published_at is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_unique" ON "backend"."users" USING btree ("email") WHERE deleted_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "users_handle_unique" ON "backend"."users" USING btree ("handle") WHERE deleted_at is null;