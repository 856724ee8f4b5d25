import type { MailTexts } from './texts.ts';

export const ru: MailTexts = {
  signInCode: {
    subject: 'Код для входа в Galaxy',
    intro: 'Ваш код для входа в Galaxy:',
    validFor: (minutes) =>
      `Он действует ${minutes} ${minutesWord(minutes)}, использовать его можно один раз.`,
    notYou:
      'Если вы его не запрашивали, ничего делать не нужно. Никому не сообщайте код: сотрудники Galaxy его не спрашивают.',
  },
  newSession: {
    subject: 'Новый вход в ваш аккаунт Galaxy',
    intro: 'В ваш аккаунт Galaxy выполнен вход.',
    device: 'Устройство',
    network: 'Сеть',
    time: 'Время',
    notYou:
      'Если это были вы, ничего делать не нужно. Если нет, завершите сеанс этого устройства в своей программе для игры и защитите почтовый ящик: код для входа прочитали именно там.',
  },
  wrongCodes: {
    subject: 'Неверные коды для входа в ваш аккаунт Galaxy',
    intro:
      'За последние 24 часа для вашего аккаунта Galaxy много раз вводили неверные коды. Войти с ними никому не удалось.',
    notYou:
      'Аккаунт защищён, пока защищён ваш почтовый ящик; ничего делать не нужно. Пока это продолжается, коды для входа состоят из 12 цифр, чтобы их нельзя было угадать. Никому не сообщайте код.',
  },
  notification: {
    sentences: {
      'lobby.application.submitted': 'В вашу игру подана заявка',
      'lobby.application.approved': 'Ваша заявка принята: вы в игре',
      'lobby.application.rejected': 'Ваша заявка отклонена',
      'lobby.invite.created': 'Вас приглашают в игру',
      'lobby.invite.redeemed': 'Приглашение в вашу игру принято',
      'lobby.invite.declined': 'Приглашение в вашу игру отклонено',
      'lobby.invite.revoked': 'Ваше приглашение отозвано',
      'lobby.invite.expired': 'Срок вашего приглашения истёк',
      'lobby.membership.left': 'Игрок больше не участвует в вашей игре',
      'lobby.membership.removed': 'Вас исключили из игры',
      'lobby.membership.blocked': 'Вас заблокировали в игре',
      'lobby.enrollment.closed': 'Набор игроков завершён',
      'lobby.enrollment.underfilled': 'В вашей игре не хватает игроков, хотя срок набора прошёл',
      'lobby.game.started': 'Игра началась',
      'lobby.game.start_failed': 'Игру не удалось запустить',
      'lobby.game.paused': 'Игра приостановлена',
      'lobby.game.resumed': 'Игра продолжается',
      'lobby.game.turn_advanced': 'Начался новый ход',
      'lobby.game.finished': 'Игра окончена',
      'lobby.game.cancelled': 'Игра отменена',
      'lobby.runtime_paused_after_start': 'Игра началась, но пока приостановлена',
      'lobby.race_name.registration_eligible': 'Вы можете закрепить за собой название расы',
      'lobby.race_name.registration_denied': 'Название расы нельзя закрепить за вами',
      'lobby.race_name.registered': 'Название расы закреплено за вами',
      'lobby.race_name.expired': 'Название расы не было закреплено вовремя и снова свободно',
      'game.turn.due_soon': 'Ход скоро завершится, а вы не отдали приказов',
      'game.turn.waiting_for_you': 'Все остальные игроки готовы и ждут вас',
    },
    game: 'Игра',
    raceName: 'Название расы',
    outro: 'Подробности — в вашей программе для игры.',
  },
};

/** 1 минуту, 2 минуты, 5 минут. */
function minutesWord(minutes: number): string {
  const forms = { one: 'минуту', few: 'минуты', many: 'минут', other: 'минут', zero: 'минут', two: 'минуты' };
  return forms[new Intl.PluralRules('ru').select(minutes)];
}
