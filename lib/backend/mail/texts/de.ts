import type { MailTexts } from './texts.ts';

export const de: MailTexts = {
  signInCode: {
    subject: 'Dein Anmeldecode für Galaxy',
    intro: 'Mit diesem Code meldest du dich bei Galaxy an:',
    validFor: (minutes) => `Er gilt ${minutes} Minuten lang und nur einmal.`,
    notYou:
      'Falls du ihn nicht angefordert hast, brauchst du nichts zu tun. Gib den Code an niemanden weiter; niemand von Galaxy fragt danach.',
  },
  accountCode: {
    leave_address: {
      subject: 'Dein Code, um die Adresse deines Galaxy-Kontos zu ändern',
      intro: 'Mit diesem Code gibst du deinem Galaxy-Konto eine andere Adresse als diese:',
      notYou:
        'Falls du ihn nicht angefordert hast, melde in deinem Spielprogramm alle Geräte ab: Eines von ihnen war es. Gib den Code an niemanden weiter; niemand von Galaxy fragt danach.',
    },
    take_address: {
      subject: 'Dein Code, um diese Adresse für ein Galaxy-Konto zu verwenden',
      intro: 'Mit diesem Code machst du diese Adresse zu der eines Galaxy-Kontos:',
      notYou:
        'Falls du ihn nicht angefordert hast, brauchst du nichts zu tun. Gib den Code an niemanden weiter; niemand von Galaxy fragt danach.',
    },
    recovery_codes: {
      subject: 'Dein Code, um Wiederherstellungscodes für Galaxy zu erzeugen',
      intro: 'Mit diesem Code erzeugst du Wiederherstellungscodes für dein Galaxy-Konto:',
      notYou:
        'Falls du ihn nicht angefordert hast, melde in deinem Spielprogramm alle Geräte ab: Eines von ihnen war es. Gib den Code an niemanden weiter; niemand von Galaxy fragt danach.',
    },
  },
  accountChange: {
    email_changed: {
      subject: 'Die Adresse deines Galaxy-Kontos wurde geändert',
      intro:
        'Dein Galaxy-Konto hat jetzt eine andere Adresse. Anmeldecodes kommen nicht mehr an diese, und alle anderen Geräte wurden abgemeldet.',
      notYou:
        'Falls du es warst, brauchst du nichts zu tun. Falls nicht, sichere dieses Postfach und schreibe sofort dem Betreiber deines Spielservers.',
    },
    recovery_codes_created: {
      subject: 'Neue Wiederherstellungscodes für dein Galaxy-Konto',
      intro: 'Für dein Galaxy-Konto wurden neue Wiederherstellungscodes erzeugt. Ältere gelten nicht mehr.',
      notYou:
        'Falls du es warst, brauchst du nichts zu tun. Falls nicht, melde in deinem Spielprogramm alle Geräte ab, sichere dein Postfach und erzeuge neue Wiederherstellungscodes.',
    },
    recovery_code_used: {
      subject: 'Ein Wiederherstellungscode deines Galaxy-Kontos wurde verwendet',
      intro:
        'Ein Wiederherstellungscode deines Galaxy-Kontos wurde verwendet. Er kann nicht noch einmal verwendet werden.',
      notYou:
        'Falls du es warst, brauchst du nichts zu tun. Falls nicht, melde in deinem Spielprogramm alle Geräte ab und erzeuge neue Wiederherstellungscodes.',
    },
  },
  recoveryCodesLeft: 'Verbleibende Wiederherstellungscodes',
  newSession: {
    subject: 'Neue Anmeldung bei deinem Galaxy-Konto',
    intro: 'Ein Gerät hat sich bei deinem Galaxy-Konto angemeldet.',
    device: 'Gerät',
    network: 'Netz',
    time: 'Zeit',
    notYou:
      'Falls du es warst, brauchst du nichts zu tun. Falls nicht, melde dieses Gerät in deinem Spielprogramm ab und sichere dein Postfach: Der Anmeldecode wurde dort gelesen.',
  },
  wrongCodes: {
    subject: 'Falsche Anmeldecodes für dein Galaxy-Konto',
    intro:
      'In den letzten 24 Stunden wurden viele falsche Anmeldecodes für dein Galaxy-Konto eingegeben. Niemand hat sich damit angemeldet.',
    notYou:
      'Dein Konto ist so sicher wie dein Postfach, und du brauchst nichts zu tun. Solange das anhält, haben die Codes, die du anforderst, 12 Ziffern, damit sie niemand erraten kann. Gib einen Code an niemanden weiter.',
  },
  notification: {
    sentences: {
      'lobby.application.submitted': 'Jemand möchte in deinem Spiel mitspielen',
      'lobby.application.approved': 'Deine Bewerbung wurde angenommen: du bist dabei',
      'lobby.application.rejected': 'Deine Bewerbung wurde abgelehnt',
      'lobby.invite.created': 'Du bist zu einem Spiel eingeladen',
      'lobby.invite.redeemed': 'Jemand hat eine Einladung zu deinem Spiel angenommen',
      'lobby.invite.declined': 'Jemand hat eine Einladung zu deinem Spiel abgelehnt',
      'lobby.invite.revoked': 'Deine Einladung wurde zurückgezogen',
      'lobby.invite.expired': 'Deine Einladung ist abgelaufen',
      'lobby.membership.left': 'Ein Spieler ist nicht mehr in deinem Spiel',
      'lobby.membership.removed': 'Du wurdest aus dem Spiel entfernt',
      'lobby.membership.blocked': 'Du wurdest für das Spiel gesperrt',
      'lobby.membership.unblocked': 'Du darfst dem Spiel wieder beitreten',
      'lobby.enrollment.closed': 'Die Anmeldung ist geschlossen',
      'lobby.enrollment.underfilled': 'Deinem Spiel fehlen noch Spieler, obwohl die Frist vorbei ist',
      'lobby.enrollment.reopened': 'Die Anmeldung ist wieder offen',
      'lobby.game.started': 'Das Spiel hat begonnen',
      'lobby.game.start_failed': 'Das Spiel konnte nicht gestartet werden',
      'lobby.game.paused': 'Das Spiel ist angehalten',
      'lobby.game.resumed': 'Das Spiel geht weiter',
      'lobby.game.turn_advanced': 'Ein neuer Zug hat begonnen',
      'lobby.game.finished': 'Das Spiel ist zu Ende',
      'lobby.game.cancelled': 'Das Spiel wurde abgebrochen',
      'lobby.runtime_paused_after_start': 'Das Spiel hat begonnen, ist aber vorerst angehalten',
      'lobby.race_name.registration_eligible': 'Du kannst deinen Volksnamen dauerhaft eintragen lassen',
      'lobby.race_name.registration_denied': 'Dein Volksname kann nicht eingetragen werden',
      'lobby.race_name.registered': 'Dein Volksname ist eingetragen',
      'lobby.race_name.expired': 'Dein Volksname wurde nicht rechtzeitig eingetragen und ist wieder frei',
      'game.turn.due_soon': 'Der Zug endet bald, und du hast noch keine Befehle gegeben',
      'game.turn.waiting_for_you': 'Alle anderen sind fertig und warten auf dich',
      'game.engine.failing': 'Das Programm deines Spiels arbeitet nicht, daher wird kein Zug gespielt',
    },
    numbers: {
      'lobby.application.submitted': (count) => `Es gibt ${count} weitere Bewerbungen für dein Spiel`,
      'lobby.invite.redeemed': (count) => `${count} weitere Einladungen zu deinem Spiel wurden angenommen`,
      'lobby.invite.declined': (count) => `${count} weitere Einladungen zu deinem Spiel wurden abgelehnt`,
      'lobby.membership.left': (count) => `${count} weitere Spieler sind nicht mehr in deinem Spiel`,
    },
    game: 'Spiel',
    quoted: (name) => `„${name}“`,
    unsubscribe: 'Keine Mails dieser Art mehr',
    raceName: 'Volksname',
    outro: 'Mehr siehst du in deinem Spielprogramm.',
  },
};
