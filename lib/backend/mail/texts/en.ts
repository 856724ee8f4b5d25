import type { MailTexts } from './texts.ts';

export const en: MailTexts = {
  signInCode: {
    subject: 'Your Galaxy sign-in code',
    intro: 'Here is the code to sign in to Galaxy:',
    validFor: (minutes) => `It is good for ${minutes} minutes and can be used once.`,
    notYou:
      'If you did not ask for it, you need not do anything. Do not tell the code to anybody; nobody from Galaxy will ask for it.',
  },
  accountCode: {
    leave_address: {
      subject: 'Your code to change the address of your Galaxy account',
      intro: 'Here is the code to give your Galaxy account another address than this one:',
      notYou:
        'If you did not ask for it, sign out all devices in your game client: one of them did. Do not tell the code to anybody; nobody from Galaxy will ask for it.',
    },
    take_address: {
      subject: 'Your code to use this address for a Galaxy account',
      intro: 'Here is the code to make this the address of a Galaxy account:',
      notYou:
        'If you did not ask for it, you need not do anything. Do not tell the code to anybody; nobody from Galaxy will ask for it.',
    },
    recovery_codes: {
      subject: 'Your code to create Galaxy recovery codes',
      intro: 'Here is the code to create recovery codes for your Galaxy account:',
      notYou:
        'If you did not ask for it, sign out all devices in your game client: one of them did. Do not tell the code to anybody; nobody from Galaxy will ask for it.',
    },
  },
  accountChange: {
    email_changed: {
      subject: 'The address of your Galaxy account has changed',
      intro:
        'Your Galaxy account has another address now. Sign-in codes no longer come to this one, and all other devices were signed out.',
      notYou:
        'If it was you, you need not do anything. If not, secure this mailbox and write to the operator of your game server at once.',
    },
    recovery_codes_created: {
      subject: 'New recovery codes for your Galaxy account',
      intro: 'New recovery codes were created for your Galaxy account. Older ones are void.',
      notYou:
        'If it was you, you need not do anything. If not, sign out all devices in your game client, secure your mailbox, and create new recovery codes.',
    },
    recovery_code_used: {
      subject: 'A recovery code of your Galaxy account was used',
      intro: 'A recovery code of your Galaxy account was used. It cannot be used again.',
      notYou:
        'If it was you, you need not do anything. If not, sign out all devices in your game client and create new recovery codes.',
    },
  },
  recoveryCodesLeft: 'Recovery codes that are left',
  newSession: {
    subject: 'New sign-in to your Galaxy account',
    intro: 'A device has signed in to your Galaxy account.',
    device: 'Device',
    network: 'Network',
    time: 'Time',
    notYou:
      'If it was you, you need not do anything. If not, sign that device out in your game client and secure your mailbox: the sign-in code was read there.',
  },
  wrongCodes: {
    subject: 'Wrong sign-in codes for your Galaxy account',
    intro:
      'In the last 24 hours many wrong sign-in codes were entered for your Galaxy account. Nobody has signed in with them.',
    notYou:
      'Your account is safe as long as your mailbox is, and you need not do anything. While this goes on, the codes that you ask for have 12 digits, so that they cannot be guessed. Do not tell a code to anybody.',
  },
  notification: {
    sentences: {
      'lobby.application.submitted': 'Somebody has applied to play in your game',
      'lobby.application.approved': 'Your application was approved: you are in the game',
      'lobby.application.rejected': 'Your application was rejected',
      'lobby.invite.created': 'You are invited to a game',
      'lobby.invite.redeemed': 'Somebody has accepted an invitation to your game',
      'lobby.invite.declined': 'Somebody has declined an invitation to your game',
      'lobby.invite.revoked': 'Your invitation was taken back',
      'lobby.invite.expired': 'Your invitation has expired',
      'lobby.membership.left': 'A player is no longer in your game',
      'lobby.membership.removed': 'You were removed from the game',
      'lobby.membership.blocked': 'You were blocked from the game',
      'lobby.membership.unblocked': 'You may join the game again',
      'lobby.enrollment.closed': 'Enrollment is closed',
      'lobby.enrollment.underfilled': 'Your game still lacks players, although its deadline has passed',
      'lobby.enrollment.reopened': 'Enrollment is open again',
      'lobby.game.started': 'The game has started',
      'lobby.game.start_failed': 'The game could not be started',
      'lobby.game.paused': 'The game is paused',
      'lobby.game.resumed': 'The game goes on',
      'lobby.game.turn_advanced': 'A new turn has begun',
      'lobby.game.finished': 'The game is over',
      'lobby.game.cancelled': 'The game was cancelled',
      'lobby.runtime_paused_after_start': 'The game has started, but is paused for now',
      'lobby.race_name.registration_eligible': 'You may register your race name for good',
      'lobby.race_name.registration_denied': 'Your race name cannot be registered',
      'lobby.race_name.registered': 'Your race name is registered',
      'lobby.race_name.expired': 'Your race name was not registered in time and is free again',
      'game.turn.due_soon': 'The turn is due soon, and you have given no orders',
      'game.turn.waiting_for_you': 'All other players are ready and wait for you',
      'game.engine.failing': 'The engine of your game does not work, so no turn is played',
    },
    numbers: {
      'lobby.application.submitted': (count) => `There are ${count} more applications to play in your game`,
      'lobby.invite.redeemed': (count) => `${count} more invitations to your game were accepted`,
      'lobby.invite.declined': (count) => `${count} more invitations to your game were declined`,
      'lobby.membership.left': (count) => `${count} more players are no longer in your game`,
    },
    game: 'Game',
    quoted: (name) => `“${name}”`,
    unsubscribe: 'No more mails of this kind',
    raceName: 'Race name',
    outro: 'Open your game client to see more.',
  },
};
