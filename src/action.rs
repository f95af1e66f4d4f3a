//! Every action the browser knows: its name in the configuration, its words in help, its default keys.
//! No drawing, no state.

/// Where an action applies; the first part of its name in `[keys]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Screen {
    /// Everywhere, unless a text field has the keyboard.
    Global,
    /// The two panes.
    Browser,
    /// The transfers panel.
    Transfers,
    /// The versions of objects.
    Versions,
    /// A file or an object that is viewed.
    Viewer,
    /// Unfinished uploads.
    Uploads,
    /// What was given out.
    Given,
    /// Links that were just signed.
    Links,
    /// What takes room.
    Usage,
    /// What failed of a transfer.
    Failures,
    /// The plan of a sync.
    Sync,
    /// A question that yes or no answers.
    Confirm,
    /// The target of a transfer exists already.
    Conflict,
    /// An edited object could not be written back.
    Unsaved,
    /// Earlier transfers are not finished.
    Unfinished,
    /// Any dialog with a list or buttons.
    Dialog,
    /// Any dialog with fields of text.
    Form,
}

impl Screen {
    /// All of them, in the order help shows them.
    pub const ALL: [Screen; 17] = [
        Screen::Browser,
        Screen::Transfers,
        Screen::Versions,
        Screen::Viewer,
        Screen::Uploads,
        Screen::Given,
        Screen::Links,
        Screen::Usage,
        Screen::Failures,
        Screen::Sync,
        Screen::Confirm,
        Screen::Conflict,
        Screen::Unsaved,
        Screen::Unfinished,
        Screen::Dialog,
        Screen::Form,
        Screen::Global,
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Screen::Global => "global",
            Screen::Browser => "browser",
            Screen::Transfers => "transfers",
            Screen::Versions => "versions",
            Screen::Viewer => "viewer",
            Screen::Uploads => "uploads",
            Screen::Given => "given",
            Screen::Links => "links",
            Screen::Usage => "usage",
            Screen::Failures => "failures",
            Screen::Sync => "sync",
            Screen::Confirm => "confirm",
            Screen::Conflict => "conflict",
            Screen::Unsaved => "unsaved",
            Screen::Unfinished => "unfinished",
            Screen::Dialog => "dialog",
            Screen::Form => "form",
        }
    }

    /// Whose keys count where it has none of its own. In a form other keys are text.
    pub fn next(self) -> Option<Screen> {
        match self {
            Screen::Browser | Screen::Transfers | Screen::Dialog => Some(Screen::Global),
            Screen::Form | Screen::Global => None,
            _ => Some(Screen::Dialog),
        }
    }
}

/// The groups that help shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Panes and places.
    Panes,
    /// Moving the cursor.
    Move,
    /// Marks.
    Mark,
    /// Changing things.
    Act,
    /// Filtering, sorting, refreshing.
    Find,
    /// Links.
    Links,
    /// Transfers.
    Jobs,
    /// Everywhere.
    All,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident, $screen:ident, $group:ident, $name:literal, $words:literal, [$($key:literal),*];)*) => {
        /// What the user wants, without any payload: what a key can be bound to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $words] $variant,)*
        }

        /// The table that keymap, help and configuration are made from.
        pub const ACTIONS: &[Info] = &[
            $(Info { action: Action::$variant, screen: Screen::$screen, group: Group::$group, name: $name, words: $words, keys: &[$($key),*] },)*
        ];
    };
}

/// One row of [`ACTIONS`].
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// The action.
    pub action: Action,
    /// Where it applies.
    pub screen: Screen,
    /// Its group in help.
    pub group: Group,
    /// Its name in `[keys]`, after the screen's.
    pub name: &'static str,
    /// What it does, in a few words.
    pub words: &'static str,
    /// Default keys, in crokey's notation (`ctrl-u`, `f5`, `G` is `shift-g`).
    pub keys: &'static [&'static str],
}

actions! {
    SwitchPane, Browser, Panes, "switch_pane", "other pane", ["tab"];
    SwapPanes, Browser, Panes, "swap_panes", "swap the panes", ["ctrl-u"];
    SamePlace, Browser, Panes, "same_place", "show this place in the other pane too", ["ctrl-o"];
    PickProfile, Browser, Panes, "pick_profile", "profile of this pane", ["shift-p"];
    AddProfile, Browser, Panes, "add_profile", "add a profile", [];
    ImportProfile, Browser, Panes, "import_profile", "import profiles of rclone, mc, s3cmd", [];
    GoTo, Browser, Panes, "go_to", "go to a location", ["ctrl-g"];
    Bookmarks, Browser, Panes, "bookmarks", "bookmarks and places visited", ["b"];
    Compare, Browser, Panes, "compare", "mark what differs; again: kind by kind", ["="];
    BookmarkAdd, Browser, Panes, "bookmark_add", "bookmark this place", ["shift-b"];
    HistoryBack, Browser, Panes, "history_back", "back", ["["];
    HistoryForward, Browser, Panes, "history_forward", "forward", ["]"];
    Up, Browser, Move, "up", "up", ["up", "k"];
    Down, Browser, Move, "down", "down", ["down", "j"];
    Top, Browser, Move, "top", "first", ["g", "home"];
    Bottom, Browser, Move, "bottom", "last (loads the whole listing)", ["shift-g", "end"];
    PageUp, Browser, Move, "page_up", "page up", ["pageup"];
    PageDown, Browser, Move, "page_down", "page down", ["pagedown"];
    Open, Browser, Move, "open", "open", ["enter", "l", "right"];
    Parent, Browser, Move, "parent", "parent", ["backspace", "h", "left"];
    Jump, Browser, Move, "jump", "jump to a name", ["'"];
    Mark, Browser, Mark, "mark", "mark and move down", ["space", "insert"];
    MarkAll, Browser, Mark, "mark_all", "mark all", ["a", "ctrl-a"];
    MarkInvert, Browser, Mark, "mark_invert", "invert marks", ["*"];
    MarkGlob, Browser, Mark, "mark_glob", "mark by pattern", ["+"];
    UnmarkGlob, Browser, Mark, "unmark_glob", "unmark by pattern", ["-"];
    Copy, Browser, Act, "copy", "copy to the other pane", ["f5", "c"];
    Move, Browser, Act, "move", "move to the other pane", ["f6", "m"];
    Rename, Browser, Act, "rename", "rename; several marked ones by a pattern", ["r"];
    Undo, Browser, Act, "undo", "take back a move, a rename, a deletion", ["u"];
    New, Browser, Act, "new", "new folder or bucket", ["f7", "n"];
    Delete, Browser, Act, "delete", "delete", ["f8", "d", "delete"];
    Sync, Browser, Act, "sync", "make the other pane like this one", ["shift-z"];
    View, Browser, Act, "view", "view", ["f3", "v"];
    Edit, Browser, Act, "edit", "edit in your editor", ["f4", "e"];
    Info, Browser, Act, "info", "all that is known", ["i"];
    Properties, Browser, Act, "properties", "change headers, metadata and tags", ["shift-m"];
    StorageClass, Browser, Act, "storage_class", "change the storage class; restore", ["shift-c"];
    Versions, Browser, Act, "versions", "versions, also of what is deleted", ["shift-v"];
    Uploads, Browser, Act, "uploads", "unfinished uploads here", ["shift-u"];
    Filter, Browser, Find, "filter", "filter this listing: text, a glob, ~letters", ["/"];
    Find, Browser, Find, "find", "find below here", ["f", "ctrl-f"];
    Usage, Browser, Find, "usage", "what takes room below here", ["shift-w"];
    Duplicates, Browser, Find, "duplicates", "equal objects below here", ["alt-d"];
    Sort, Browser, Find, "sort", "sort by the next column", ["s"];
    SortReverse, Browser, Find, "sort_reverse", "reverse the order", ["shift-s"];
    ToggleHidden, Browser, Find, "toggle_hidden", "show or hide dot files", ["."];
    Columns, Browser, Find, "columns", "choose the columns of the panes", ["|"];
    Refresh, Browser, Find, "refresh", "read again", ["shift-r", "ctrl-r"];
    Export, Browser, Find, "export", "write this listing to a file (CSV, JSON)", ["ctrl-e"];
    CopyLink, Browser, Links, "copy_link", "copy a link", ["y"];
    LinkDialog, Browser, Links, "link_dialog", "link with options", ["shift-y"];
    Share, Browser, Links, "share", "protected link (gateway)", ["x"];
    Given, Browser, Links, "given", "links, shares and kits given out", ["shift-x"];
    CopyUri, Browser, Links, "copy_uri", "copy s3:// addresses", ["ctrl-y"];
    CopyUrl, Browser, Links, "copy_url", "copy https:// addresses without a signature", ["alt-y"];
    Transfers, Browser, Jobs, "transfers", "transfers", ["t"];
    TransferPause, Transfers, Jobs, "pause", "pause or go on", ["p"];
    TransferCancel, Transfers, Jobs, "cancel", "cancel", ["x"];
    TransferRetry, Transfers, Jobs, "retry", "retry what failed", ["r"];
    TransferFailures, Transfers, Jobs, "failures", "list what failed", ["enter", "f"];
    TransferForget, Transfers, Jobs, "forget", "clear finished ones", ["c"];
    TransferUrgent, Transfers, Jobs, "urgent", "more urgent", ["+"];
    TransferLessUrgent, Transfers, Jobs, "less_urgent", "less urgent", ["-"];
    TransferLimit, Transfers, Jobs, "limit", "limit its rate", ["shift-l"];
    TransferUp, Transfers, Move, "up", "up", ["up", "k"];
    TransferDown, Transfers, Move, "down", "down", ["down", "j"];
    TransferClose, Transfers, Jobs, "close", "back to the panes", ["t", "tab"];
    VersionView, Versions, Act, "view", "view it as it was", ["f3", "v", "enter"];
    VersionRestore, Versions, Act, "restore", "make it the newest; bring back what is deleted", ["r"];
    VersionCopy, Versions, Act, "copy", "copy it to the other pane", ["f5", "c"];
    VersionDelete, Versions, Act, "delete", "delete it for good", ["f8", "d", "delete"];
    VersionPurge, Versions, Act, "purge", "delete all of them for good", ["shift-d"];
    VersionMark, Versions, Act, "mark", "mark and move down", ["space", "insert"];
    VersionMarkAll, Versions, Act, "mark_all", "mark all, or none", ["a", "ctrl-a"];
    VersionOnlyDeleted, Versions, Act, "only_deleted", "only what is deleted, or all", ["."];
    VersionWiden, Versions, Act, "widen", "of everything around it", ["backspace", "h"];
    VersionRefresh, Versions, Act, "refresh", "read again", ["shift-r", "ctrl-r"];
    ViewerHex, Viewer, Act, "hex", "as hex, and back", ["x"];
    ViewerWrap, Viewer, Act, "wrap", "wrap long lines, or not", ["w"];
    ViewerSearch, Viewer, Find, "search", "look for text", ["/"];
    ViewerNext, Viewer, Find, "next", "the next place where it is", ["n"];
    ViewerPrevious, Viewer, Find, "previous", "the one before", ["shift-n"];
    ViewerReload, Viewer, Find, "reload", "read it anew", ["shift-r"];
    ViewerLeft, Viewer, Move, "left", "to the left, where lines do not wrap", ["left"];
    ViewerRight, Viewer, Move, "right", "to the right, where lines do not wrap", ["right"];
    ViewerDown, Viewer, Move, "down", "one line down", ["enter"];
    ViewerClose, Viewer, Act, "close", "back to where it was opened", ["f3"];
    UploadMark, Uploads, Mark, "mark", "mark and move down", ["space", "insert"];
    UploadMarkAll, Uploads, Mark, "mark_all", "mark all", ["a", "ctrl-a"];
    UploadMarkInvert, Uploads, Mark, "mark_invert", "invert marks", ["*"];
    UploadMarkLeft, Uploads, Mark, "mark_left", "mark those that were left behind", ["o"];
    UploadAbort, Uploads, Act, "abort", "abort", ["f8", "d", "delete"];
    UploadRefresh, Uploads, Find, "refresh", "read again", ["shift-r", "ctrl-r"];
    GivenAll, Given, Find, "all", "also what is over, or not", ["a"];
    GivenRefresh, Given, Find, "refresh", "read again", ["r", "shift-r", "ctrl-r"];
    GivenEnd, Given, Act, "end", "end it: revoke, close, abort", ["d", "f8", "delete"];
    GivenExtend, Given, Act, "extend", "let a share live longer", ["e"];
    GivenFinish, Given, Act, "finish", "make the object of a kit", ["f"];
    GivenGo, Given, Move, "go", "go where it is", ["o"];
    LinkPrint, Links, Links, "print", "print as plain text", ["p"];
    LinkCurl, Links, Links, "curl", "copy as a curl command", ["c"];
    LinkWget, Links, Links, "wget", "copy as a wget command", ["w"];
    LinkMarkdown, Links, Links, "markdown", "copy as Markdown", ["m"];
    LinkHtml, Links, Links, "html", "copy as HTML", ["a"];
    LinkTest, Links, Links, "test", "try it as its holder would", ["t"];
    LinkQr, Links, Links, "qr", "as a QR code, and back", ["shift-q"];
    UsageBelow, Usage, Move, "below", "what takes room in it", ["right", "l"];
    UsageAbove, Usage, Move, "above", "back to what was shown before", ["left", "h", "backspace"];
    FailureRetry, Failures, Act, "retry", "try this one again", ["r"];
    FailureRetryAll, Failures, Act, "retry_all", "try all again", ["shift-r"];
    SyncToggle, Sync, Mark, "toggle", "this one, or not", ["space"];
    SyncDelete, Sync, Act, "delete", "delete too, or not", ["d"];
    ConfirmYes, Confirm, Act, "yes", "yes", ["y", "shift-y"];
    ConfirmNo, Confirm, Act, "no", "no", ["n", "shift-n"];
    ConflictOverwrite, Conflict, Act, "overwrite", "overwrite", ["o"];
    ConflictSkip, Conflict, Act, "skip", "skip", ["s"];
    ConflictNewer, Conflict, Act, "newer", "overwrite if newer", ["n"];
    ConflictRename, Conflict, Act, "rename", "give the new one another name", ["r"];
    ConflictOverwriteAll, Conflict, Act, "overwrite_all", "overwrite, and all further ones", ["shift-o"];
    ConflictSkipAll, Conflict, Act, "skip_all", "skip, and all further ones", ["shift-s"];
    ConflictNewerAll, Conflict, Act, "newer_all", "overwrite if newer, and all further ones", ["shift-n"];
    ConflictRenameAll, Conflict, Act, "rename_all", "another name, and for all further ones", ["shift-r"];
    ConflictSkipSame, Conflict, Act, "skip_same", "skip all that have the same content", ["="];
    ConflictAll, Conflict, Act, "all", "for all further ones, or not", ["a", "shift-a"];
    UnsavedUpload, Unsaved, Act, "upload", "write it back", ["u", "shift-u"];
    UnsavedClosed, Unsaved, Act, "closed", "the editor is closed", ["c", "shift-c"];
    UnsavedEdit, Unsaved, Act, "edit", "edit again", ["e", "shift-e"];
    UnsavedSaveAs, Unsaved, Act, "save_as", "write it to another key", ["s", "shift-s"];
    UnsavedOverwrite, Unsaved, Act, "overwrite", "write it over what is there", ["o", "shift-o"];
    UnsavedKeep, Unsaved, Act, "keep", "keep the file", ["k", "shift-k"];
    UnfinishedGoOn, Unfinished, Act, "go_on", "go on with them", ["y", "shift-y"];
    UnfinishedForget, Unfinished, Act, "forget", "forget them: abort their uploads, remove their parts", ["f", "shift-f"];
    UnfinishedDecline, Unfinished, Act, "decline", "not now, and do not ask again", ["n", "shift-n"];
    DialogAccept, Dialog, Act, "accept", "take what is chosen", ["enter"];
    DialogNextButton, Dialog, Move, "next_button", "next button", ["tab", "right"];
    DialogPreviousButton, Dialog, Move, "previous_button", "button before", ["shift-tab", "left"];
    DialogUp, Dialog, Move, "up", "up", ["up", "k"];
    DialogDown, Dialog, Move, "down", "down", ["down", "j"];
    DialogPageUp, Dialog, Move, "page_up", "page up", ["pageup"];
    DialogPageDown, Dialog, Move, "page_down", "page down", ["pagedown", "space"];
    DialogTop, Dialog, Move, "top", "first", ["home", "g"];
    DialogBottom, Dialog, Move, "bottom", "last", ["end", "shift-g"];
    DialogSearch, Dialog, Find, "search", "search", ["/"];
    DialogCopy, Dialog, Act, "copy", "copy the value under the cursor", ["y"];
    DialogCopyAll, Dialog, Act, "copy_all", "copy everything shown", ["shift-y"];
    BucketVersioning, Dialog, Act, "versioning", "of a bucket: keep versions, or stop that", ["shift-v"];
    FormAccept, Form, Act, "accept", "take what is typed or chosen", ["enter"];
    FormNext, Form, Move, "next", "next row; complete a place", ["tab", "down", "ctrl-n"];
    FormPrevious, Form, Move, "previous", "row before", ["shift-tab", "up", "ctrl-p"];
    FormPageDown, Form, Move, "page_down", "page down", ["pagedown"];
    FormPageUp, Form, Move, "page_up", "page up", ["pageup"];
    FormTurn, Form, Move, "turn", "next choice, where nothing is typed", ["space", "right"];
    FormTurnBack, Form, Move, "turn_back", "choice before, where nothing is typed", ["left"];
    FormRemove, Form, Act, "remove", "remove a bookmark", ["delete"];
    FormPassword, Form, Act, "password", "of a share: a new password", ["ctrl-g"];
    FormTest, Form, Act, "test", "of a profile: test it", ["ctrl-t"];
    FormSaveUntested, Form, Act, "save_untested", "of a profile: save without a test", ["ctrl-s"];
    Messages, Browser, All, "messages", "messages so far", ["shift-l"];
    Palette, Global, All, "palette", "everything that can be done here", [":", "ctrl-p"];
    Help, Global, All, "help", "help", ["?", "f1"];
    Redraw, Global, All, "redraw", "redraw the screen", ["ctrl-l"];
    Suspend, Global, All, "suspend", "suspend", ["ctrl-z"];
    Cancel, Global, All, "cancel", "cancel what is going on", ["esc"];
    Interrupt, Global, All, "interrupt", "cancel; at top level ask to quit", ["ctrl-c"];
    Quit, Global, All, "quit", "quit", ["q", "f10"];
}

/// The row of `action`.
pub fn info(action: Action) -> Option<&'static Info> {
    ACTIONS.iter().find(|info| info.action == action)
}
