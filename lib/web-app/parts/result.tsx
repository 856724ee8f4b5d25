// How a game ended.
import type { Game } from '../../client/browser.ts';
import { usePlayer, useWords } from '../context.ts';

export function Result({ game: { result } }: { game: Game }) {
  const { userId } = usePlayer();
  const { text } = useWords();
  if (result === null) return null;
  const { kind, placements } = result;
  const won =
    kind === 'finished' && placements.some(({ rank, user_id: user }) => rank === 1 && user === userId);
  const hasScores = placements.some(({ score }) => score !== undefined);
  return (
    <section class="card result">
      <h2>{text.game.result}</h2>
      {won && <p class="won">{text.game.won}</p>}
      {kind === 'draw' && <p>{text.game.draw}</p>}
      {kind === 'void' && <p>{text.game.void}</p>}
      <table>
        <thead>
          <tr>
            <th scope="col">{text.game.rank}</th>
            <th scope="col">{text.game.player}</th>
            {hasScores && <th scope="col">{text.game.score}</th>}
          </tr>
        </thead>
        <tbody>
          {placements
            .toSorted((a, b) => a.rank - b.rank || a.seat - b.seat)
            .map(({ seat, rank, score, race_name: name, user_id: user }) => (
              <tr key={seat} class={user === userId ? 'own' : ''}>
                <td>{rank}</td>
                <th scope="row">
                  <bdi>{name ?? text.game.bot(seat)}</bdi>
                </th>
                {hasScores && <td>{score ?? ''}</td>}
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}
