import { and, asc, desc, eq, inArray } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Application, ApplicationStatus } from '../domain/game.ts';
import type { EndedAttempt } from '../domain/repeats.ts';
import type { Db, Tx } from './database.ts';
import { before, behind, type Page, type PageRequest, takePage } from './pages.ts';
import { applications } from './schema.ts';

// Written out, as the index on what is pending is of use only to a statement that shows this to the planner.
const isPending = eq(applications.status, 'pending').inlineParams();

const insert = statement(
  'insert_application',
  (tx: Tx, { applicationId, gameId, userId, raceName, status, createdAt, decidedAt }: Given<Application>) =>
    tx.insert(applications).values({ applicationId, gameId, userId, raceName, status, createdAt, decidedAt }),
);

export async function insertApplication(tx: Tx, application: Application): Promise<void> {
  await insert(tx, application);
}

const find = statement('find_application', (db: Db, given: Given<{ applicationId: string }>) =>
  db.select().from(applications).where(eq(applications.applicationId, given.applicationId)),
);

export async function findApplication(db: Db, applicationId: string): Promise<Application | undefined> {
  const [application] = await find(db, { applicationId });
  return application;
}

const findPending = statement(
  'find_pending_application',
  (tx: Tx, given: Given<{ gameId: string; userId: string }>) =>
    tx
      .select({ applicationId: applications.applicationId })
      .from(applications)
      .where(and(eq(applications.gameId, given.gameId), eq(applications.userId, given.userId), isPending)),
);

export async function hasPendingApplication(tx: Tx, gameId: string, userId: string): Promise<boolean> {
  const pending = await findPending(tx, { gameId, userId });
  return pending.length > 0;
}

// As `isPending`: the index on what was refused makes one plan good for all values.
const isRefused = inArray(applications.status, ['withdrawn', 'rejected']).inlineParams();

const findEnded = statement(
  'find_refused_applications',
  (tx: Tx, given: Given<{ gameId: string; userId: string }>) =>
    tx
      .select({
        status: applications.status,
        endedAt: applications.decidedAt,
        attempts: applications.attempts,
      })
      .from(applications)
      .where(and(eq(applications.gameId, given.gameId), eq(applications.userId, given.userId), isRefused)),
);

/** What became of a user's earlier applications to a game, where one side said no. */
export async function endedApplicationsOf(
  tx: Tx,
  gameId: string,
  userId: string,
): Promise<EndedAttempt<'withdrawn' | 'rejected'>[]> {
  const rows = await findEnded(tx, { gameId, userId });
  return rows.flatMap(({ status, endedAt, attempts }) =>
    endedAt !== null && (status === 'withdrawn' || status === 'rejected')
      ? [{ status, endedAt, attempts }]
      : [],
  );
}

const decide = statement(
  'decide_application',
  (tx: Tx, given: Given<{ applicationId: string; status: ApplicationStatus; at: Date }>) =>
    tx
      .update(applications)
      .set({ status: given.status, decidedAt: given.at })
      .where(and(eq(applications.applicationId, given.applicationId), isPending))
      .returning(),
);

/** Writes the decision on a pending application whose game is locked. */
export async function decideApplication(
  tx: Tx,
  applicationId: string,
  status: Exclude<ApplicationStatus, 'pending'>,
  at: Date,
): Promise<Application> {
  const [decided] = await decide(tx, { applicationId, status, at });
  if (decided === undefined) throw new Error(`Application ${applicationId} is not pending.`);
  return decided;
}

/** Ends what a user has pending in a locked game, if anything. */
export async function endPendingApplicationOf(
  tx: Tx,
  { gameId, userId }: { gameId: string; userId: string },
  status: 'rejected' | 'cancelled',
  at: Date,
): Promise<void> {
  await tx
    .update(applications)
    .set({ status, decidedAt: at })
    .where(
      and(
        eq(applications.gameId, gameId),
        eq(applications.userId, userId),
        eq(applications.status, 'pending'),
      ),
    );
}

/** @returns the users whose applications these were. */
export async function cancelPendingApplications(tx: Tx, gameId: string, at: Date): Promise<string[]> {
  const cancelled = await tx
    .update(applications)
    .set({ status: 'cancelled', decidedAt: at })
    .where(and(eq(applications.gameId, gameId), eq(applications.status, 'pending')))
    .returning({ userId: applications.userId });
  return cancelled.map(({ userId }) => userId);
}

export type ApplicationFilters = {
  readonly userId?: string | undefined;
  readonly status?: ApplicationStatus | undefined;
};

/** The applications to a game, in the order of their arrival. */
export async function listApplicationsOfGame(
  db: Db,
  gameId: string,
  { userId, status }: ApplicationFilters,
  { size, after }: PageRequest,
): Promise<Page<Application>> {
  const rows = await db
    .select()
    .from(applications)
    .where(
      and(
        eq(applications.gameId, gameId),
        userId === undefined ? undefined : eq(applications.userId, userId),
        status && eq(applications.status, status),
        after && behind(applications.createdAt, applications.applicationId, after),
      ),
    )
    .orderBy(asc(applications.createdAt), asc(applications.applicationId))
    .limit(size + 1);
  return takePage(rows, size, (application) => ({
    at: application.createdAt,
    id: application.applicationId,
  }));
}

/** What a user has applied to, the newest first. */
export async function listApplicationsOfUser(
  db: Db,
  userId: string,
  status: ApplicationStatus | undefined,
  { size, after }: PageRequest,
): Promise<Page<Application>> {
  const rows = await db
    .select()
    .from(applications)
    .where(
      and(
        eq(applications.userId, userId),
        status && eq(applications.status, status),
        after && before(applications.createdAt, applications.applicationId, after),
      ),
    )
    .orderBy(desc(applications.createdAt), desc(applications.applicationId))
    .limit(size + 1);
  return takePage(rows, size, (application) => ({
    at: application.createdAt,
    id: application.applicationId,
  }));
}
