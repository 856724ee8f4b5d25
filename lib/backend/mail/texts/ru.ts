import type { MailTexts } from './texts.ts';

export const ru: MailTexts = {
  signInCode: {
    subject: 'Код для входа в Galaxy',
    intro: 'Ваш код для входа в Galaxy:',
    validFor: (minutes) =>
      `Он действует ${minutes} ${inNumber(minutes, 'минуту', 'минуты', 'минут')}, использовать его можно один раз.`,
    notYou:
      'Если вы его не запрашивали, ничего делать не нужно. Никому не сообщайте код: сотрудники Galaxy его не спрашивают.',
  },
  accountCode: {
    leave_address: {
      subject: 'Код для смены адреса вашего аккаунта Galaxy',
      intro: 'Код, чтобы сменить этот адрес вашего аккаунта Galaxy на другой:',
      notYou:
        'Если вы его не запрашивали, завершите сеансы всех устройств в своей программе для игры: запрос пришёл с одного из них. Никому не сообщайте код: сотрудники Galaxy его не спрашивают.',
    },
    take_address: {
      subject: 'Код, чтобы использовать этот адрес для аккаунта Galaxy',
      intro: 'Код, чтобы сделать этот адрес адресом аккаунта Galaxy:',
      notYou:
        'Если вы его не запрашивали, ничего делать не нужно. Никому не сообщайте код: сотрудники Galaxy его не спрашивают.',
    },
    recovery_codes: {
      subject: 'Код для создания резервных кодов Galaxy',
      intro: 'Код, чтобы создать резервные коды для вашего аккаунта Galaxy:',
      notYou:
        'Если вы его не запрашивали, завершите сеансы всех устройств в своей программе для игры: запрос пришёл с одного из них. Никому не сообщайте код: сотрудники Galaxy его не спрашивают.',
    },
  },
  accountChange: {
    email_changed: {
      subject: 'Адрес вашего аккаунта Galaxy изменён',
      intro:
        'У вашего аккаунта Galaxy теперь другой адрес. Коды для входа больше не приходят на этот адрес, сеансы всех остальных устройств завершены.',
      notYou:
        'Если это были вы, ничего делать не нужно. Если нет, защитите этот почтовый ящик и немедленно напишите оператору своего игрового сервера.',
    },
    recovery_codes_created: {
      subject: 'Новые резервные коды вашего аккаунта Galaxy',
      intro: 'Для вашего аккаунта Galaxy созданы новые резервные коды. Прежние больше не действуют.',
      notYou:
        'Если это были вы, ничего делать не нужно. Если нет, завершите сеансы всех устройств в своей программе для игры, защитите почтовый ящик и создайте новые резервные коды.',
    },
    recovery_code_used: {
      subject: 'Использован резервный код вашего аккаунта Galaxy',
      intro: 'Использован резервный код вашего аккаунта Galaxy. Использовать его ещё раз нельзя.',
      notYou:
        'Если это были вы, ничего делать не нужно. Если нет, завершите сеансы всех устройств в своей программе для игры и создайте новые резервные коды.',
    },
  },
  recoveryCodesLeft: 'Осталось резервных кодов',
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
      'lobby.membership.unblocked': 'Вы снова можете присоединиться к игре',
      'lobby.enrollment.closed': 'Набор игроков завершён',
      'lobby.enrollment.underfilled': 'В вашей игре не хватает игроков, хотя срок набора прошёл',
      'lobby.enrollment.reopened': 'Набор игроков снова открыт',
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
      'game.engine.failing': 'Движок вашей игры не работает, поэтому ходы не разыгрываются',
    },
    numbers: {
      'lobby.application.submitted': (count) =>
        `Ещё ${count} ${inNumber(count, 'заявка', 'заявки', 'заявок')} на участие в вашей игре`,
      'lobby.invite.redeemed': (count) => `Принято ещё ${invitations(count)}`,
      'lobby.invite.declined': (count) => `Отклонено ещё ${invitations(count)}`,
      'lobby.membership.left': (count) =>
        `Ещё ${count} ${inNumber(count, 'игрок больше не участвует', 'игрока больше не участвуют', 'игроков больше не участвуют')} в вашей игре`,
    },
    game: 'Игра',
    quoted: (name) => `«${name}»`,
    unsubscribe: 'Больше не присылать таких писем',
    raceName: 'Название расы',
    outro: 'Подробности — в вашей программе для игры.',
  },
};

function invitations(count: number): string {
  return `${count} ${inNumber(count, 'приглашение', 'приглашения', 'приглашений')} в вашу игру`;
}

/** 1 минуту, 2 минуты, 5 минут. */
function inNumber(count: number, one: string, few: string, many: string): string {
  const forms = { one, few, many, other: many, zero: many, two: few };
  return forms[new Intl.PluralRules('ru').select(count)];
}
