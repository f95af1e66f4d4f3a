//! What recipients read, in their language.

macro_rules! words {
    ($($(#[$doc:meta])* $field:ident: $english:literal, $german:literal, $french:literal, $spanish:literal;)*) => {
        /// The words of one language.
        #[derive(Debug)]
        pub(super) struct Words {
            /// For `<html lang>`.
            pub(super) code: &'static str,
            $($(#[$doc])* pub(super) $field: &'static str,)*
        }

        static ENGLISH: Words = Words { code: "en", $($field: $english,)* };
        static GERMAN: Words = Words { code: "de", $($field: $german,)* };
        static FRENCH: Words = Words { code: "fr", $($field: $french,)* };
        static SPANISH: Words = Words { code: "es", $($field: $spanish,)* };

        #[cfg(test)]
        const FIELDS: &[fn(&Words) -> &'static str] = &[$(|words| words.$field,)*];
    };
}

words! {
    protected: "This link is protected", "Dieser Link ist geschützt", "Ce lien est protégé", "Este enlace está protegido";
    ask_password: "Whoever sent you the link also has the password.", "Wer Ihnen den Link geschickt hat, kennt auch das Passwort.", "La personne qui vous a envoyé le lien connaît aussi le mot de passe.", "Quien le envió el enlace también conoce la contraseña.";
    password: "Password", "Passwort", "Mot de passe", "Contraseña";
    unlock: "Continue", "Weiter", "Continuer", "Continuar";
    wrong_password: "That is not the password. Please check it and try again.", "Das ist nicht das Passwort. Bitte prüfen Sie es und versuchen Sie es noch einmal.", "Ce n’est pas le mot de passe. Vérifiez-le et réessayez.", "Esa no es la contraseña. Compruébela e inténtelo de nuevo.";
    download: "Download", "Herunterladen", "Télécharger", "Descargar";
    until: "Available until", "Verfügbar bis", "Disponible jusqu’au", "Disponible hasta";
    left: "Downloads left", "Verbleibende Downloads", "Téléchargements restants", "Descargas restantes";
    used_up_for_you: "The last download was counted. You can begin it again for a short while.", "Der letzte Download wurde gezählt. Sie können ihn noch kurze Zeit erneut beginnen.", "Le dernier téléchargement a été compté. Vous pouvez le relancer pendant un court moment.", "La última descarga ya se ha contado. Puede iniciarla de nuevo durante un rato.";
    more: "More files", "Weitere Dateien", "Plus de fichiers", "Más archivos";
    nothing_here: "There is nothing here yet.", "Hier ist noch nichts.", "Il n’y a encore rien ici.", "Todavía no hay nada aquí.";
    not_found: "This link does not exist", "Diesen Link gibt es nicht", "Ce lien n’existe pas", "Este enlace no existe";
    not_found_more: "Perhaps a character got lost. Please ask for the link again.", "Vielleicht ging ein Zeichen verloren. Bitte lassen Sie sich den Link noch einmal schicken.", "Un caractère s’est peut-être perdu. Demandez à nouveau le lien.", "Quizá se perdió un carácter. Pida el enlace de nuevo.";
    expired: "This link has expired", "Dieser Link ist abgelaufen", "Ce lien a expiré", "Este enlace ha caducado";
    revoked: "This link was withdrawn", "Dieser Link wurde zurückgezogen", "Ce lien a été retiré", "Este enlace fue retirado";
    exhausted: "All downloads of this link are used up", "Alle Downloads dieses Links sind verbraucht", "Tous les téléchargements de ce lien ont été utilisés", "Se han agotado las descargas de este enlace";
    changed: "This file is no longer what was shared", "Diese Datei ist nicht mehr die geteilte", "Ce fichier n’est plus celui qui a été partagé", "Este archivo ya no es el que se compartió";
    over_more: "Please ask the sender for a new one.", "Bitte den Absender um einen neuen.", "Demandez-en un nouveau à l’expéditeur.", "Pida uno nuevo a quien se lo envió.";
    slow_down: "One moment, please", "Einen Moment bitte", "Un instant, s’il vous plaît", "Un momento, por favor";
    slow_down_more: "There were too many attempts. You can try again in a minute.", "Es gab zu viele Versuche. In einer Minute können Sie es wieder versuchen.", "Il y a eu trop d’essais. Vous pourrez réessayer dans une minute.", "Hubo demasiados intentos. Puede volver a intentarlo en un minuto.";
    away: "That does not work right now", "Das geht gerade nicht", "Cela ne fonctionne pas pour le moment", "Ahora mismo no funciona";
    away_more: "The link is fine. Please try again in a few minutes.", "Der Link ist in Ordnung. Bitte versuchen Sie es in ein paar Minuten noch einmal.", "Le lien est valable. Réessayez dans quelques minutes.", "El enlace es válido. Inténtelo de nuevo en unos minutos.";
    refused: "This request was refused", "Diese Anfrage wurde abgelehnt", "Cette demande a été refusée", "Esta solicitud fue rechazada";
    refused_more: "Open the link itself and use the button there.", "Öffnen Sie den Link selbst und benutzen Sie den Knopf dort.", "Ouvrez le lien lui-même et utilisez le bouton qui s’y trouve.", "Abra el enlace y use el botón que hay allí.";
    /// Title of a share without a name.
    files: "Files", "Dateien", "Fichiers", "Archivos";
    /// Title of a drop link without a name.
    send_files: "Send files", "Dateien senden", "Envoyer des fichiers", "Enviar archivos";
    choose: "Choose files", "Dateien auswählen", "Choisir des fichiers", "Elegir archivos";
    choose_folder: "Choose a folder", "Ordner auswählen", "Choisir un dossier", "Elegir una carpeta";
    drop_here: "or drop files and folders here", "oder Dateien und Ordner hierher ziehen", "ou déposez ici des fichiers et des dossiers", "o suelte aquí archivos y carpetas";
    pause: "Pause", "Pause", "Pause", "Pausa";
    resume: "Go on", "Fortsetzen", "Reprendre", "Continuar";
    remove: "Remove", "Entfernen", "Retirer", "Quitar";
    waiting: "waiting", "wartet", "en attente", "en espera";
    sending: "sending", "wird gesendet", "envoi en cours", "enviando";
    paused: "paused", "angehalten", "en pause", "en pausa";
    sent: "arrived", "angekommen", "arrivé", "recibido";
    send_failed: "did not get through; it can be gone on with", "kam nicht durch; es kann fortgesetzt werden", "n’est pas passé ; l’envoi peut reprendre", "no llegó; se puede continuar";
    too_much: "There is no room left for this here", "Dafür ist hier kein Platz mehr", "Il n’y a plus assez de place ici", "Aquí ya no queda sitio para esto";
    choose_again: "was begun here before; choose the same file again to go on", "wurde hier schon begonnen; wählen Sie dieselbe Datei erneut, um fortzufahren", "avait été commencé ici ; choisissez à nouveau le même fichier pour continuer", "ya se había empezado aquí; elija de nuevo el mismo archivo para continuar";
    need_script: "Sending needs JavaScript, which is off in this browser.", "Zum Senden wird JavaScript gebraucht, das in diesem Browser aus ist.", "L’envoi nécessite JavaScript, désactivé dans ce navigateur.", "Para enviar hace falta JavaScript, que está desactivado en este navegador.";
    room_left: "Room left", "Freier Platz", "Place restante", "Espacio restante";
    files_left: "Files left", "Verbleibende Dateien", "Fichiers restants", "Archivos restantes";
    direct: "The bytes come straight from the storage provider.", "Die Bytes kommen direkt vom Speicheranbieter.", "Les octets viennent directement du fournisseur de stockage.", "Los bytes llegan directamente del proveedor de almacenamiento.";
    direct_up: "The bytes go straight to the storage provider.", "Die Bytes gehen direkt zum Speicheranbieter.", "Les octets vont directement au fournisseur de stockage.", "Los bytes van directamente al proveedor de almacenamiento.";
}

/// A language that pages are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    English,
    German,
    French,
    Spanish,
}

impl Language {
    /// The best one by `Accept-Language`.
    pub(super) fn wanted(header: &str) -> Self {
        let mut best = (0.0, Self::English);
        for entry in header.split(',').take(20) {
            let mut parts = entry.trim().split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Ok(1.0), str::parse);
            let language = match tag.split('-').next() {
                Some("en") => Self::English,
                Some("de") => Self::German,
                Some("fr") => Self::French,
                Some("es") => Self::Spanish,
                _ => continue,
            };
            let weight: f32 = weight.unwrap_or(0.0);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Its words.
    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Spanish => &SPANISH,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_wins() {
        for (header, wanted) in [
            ("", Language::English),
            ("de-AT, en;q=0.8", Language::German),
            ("it, fr;q=0.4, es;q=0.9", Language::Spanish),
            ("en;q=0.1, fr", Language::French),
            ("zh", Language::English),
            ("de;q=0", Language::English),
            ("de;q=nonsense, fr;q=0.1", Language::French),
        ] {
            assert_eq!(Language::wanted(header), wanted, "{header}");
        }
    }

    #[test]
    fn every_language_has_words_of_its_own() {
        for field in FIELDS {
            let all = [&ENGLISH, &GERMAN, &FRENCH, &SPANISH].map(field);
            assert!(all.iter().all(|text| !text.trim().is_empty()), "{all:?}");
            assert!(
                all.iter().any(|text| *text != all[0]) || all[0] == "Pause" || all[0] == "Name",
                "{all:?}"
            );
        }
    }
}
