<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en_US">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About AVSep</source>
        <translation>Über AVSep</translation>
    </message>
    <message>
        <source>This program</source>
        <translation>Dieses Programm</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>Other software</source>
        <translation>Andere Software</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Copy all</source>
        <translation>Alles kopieren</translation>
    </message>
    <message>
        <source>Version, build and all licences in short, as text</source>
        <translation>Version, Aufbau und alle Lizenzen in Kurzform, als Text</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Click a face in a video, hear that person alone, and export the voice: all on this computer.</source>
        <translation>Ein Gesicht im Video anklicken, diese Person allein hören und die Stimme exportieren: alles auf diesem Rechner.</translation>
    </message>
    <message>
        <source>Videos, faces and voices never leave this computer, and nothing is counted or reported. AVSep asks the network for one thing only: the files of a model that you chose to add, after it has told you which and from where. While that goes on, and after it, the top of the window says so.</source>
        <translation>Videos, Gesichter und Stimmen verlassen diesen Rechner nie, und nichts wird gezählt oder gemeldet. AVSep fragt das Netz nur nach einem: nach den Dateien eines Modells, das hinzugefügt werden soll, nachdem gesagt wurde, welche und woher. Währenddessen und danach steht es oben im Fenster.</translation>
    </message>
    <message>
        <source>Licence of AVSep</source>
        <translation>Lizenz von AVSep</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Software that AVSep is made with</source>
        <translation>Software, mit der AVSep gemacht ist</translation>
    </message>
    <message>
        <source>Licence in full</source>
        <translation>Lizenz im Wortlaut</translation>
    </message>
    <message>
        <source>Choose a line to read its licence.</source>
        <translation>Eine Zeile wählen, um ihre Lizenz zu lesen.</translation>
    </message>
    <message>
        <source>Licences and training data of the models, as their authors state them.</source>
        <translation>Lizenzen und Trainingsdaten der Modelle, nach Angabe ihrer Autoren.</translation>
    </message>
    <message>
        <source>a folder with all it needs</source>
        <translation>ein Ordner mit allem Nötigen</translation>
    </message>
    <message>
        <source>a Python package</source>
        <translation>ein Python-Paket</translation>
    </message>
    <message>
        <source>from its source code</source>
        <translation>aus dem Quelltext</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>nicht bekannt</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>Stand</translation>
    </message>
    <message>
        <source>Installed as</source>
        <translation>Installiert als</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>Using the network: adding {0}</source>
        <translation>Netz in Benutzung: {0} wird hinzugefügt</translation>
    </message>
    <message>
        <source>Network used since the start: to add {0}</source>
        <translation>Netz seit dem Start benutzt: um {0} hinzuzufügen</translation>
    </message>
    <message>
        <source>No network used since the start</source>
        <translation>Seit dem Start kein Netz benutzt</translation>
    </message>
    <message>
        <source>Copied.</source>
        <translation>Kopiert.</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>&amp;A/B: original or voice</source>
        <translation>A/&amp;B: Original oder Stimme</translation>
    </message>
    <message>
        <source>&amp;About AVSep</source>
        <translation>Ü&amp;ber AVSep</translation>
    </message>
    <message>
        <source>&amp;Backwards, faster</source>
        <translation>&amp;Rückwärts, schneller</translation>
    </message>
    <message>
        <source>&amp;Batch…</source>
        <translation>S&amp;tapel…</translation>
    </message>
    <message>
        <source>&amp;Clear the selection</source>
        <translation>Auswahl auf&amp;heben</translation>
    </message>
    <message>
        <source>&amp;Close the video</source>
        <translation>Video s&amp;chließen</translation>
    </message>
    <message>
        <source>&amp;Dark</source>
        <translation>&amp;Dunkel</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>E&amp;xportieren…</translation>
    </message>
    <message>
        <source>&amp;Find by a photo…</source>
        <translation>Mit F&amp;oto suchen…</translation>
    </message>
    <message>
        <source>&amp;Forwards, faster</source>
        <translation>&amp;Vorwärts, schneller</translation>
    </message>
    <message>
        <source>&amp;Full screen</source>
        <translation>&amp;Vollbild</translation>
    </message>
    <message>
        <source>&amp;Hide</source>
        <translation>Aus&amp;blenden</translation>
    </message>
    <message>
        <source>&amp;Jobs</source>
        <translation>&amp;Aufträge</translation>
    </message>
    <message>
        <source>&amp;Keys</source>
        <translation>&amp;Tasten</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>&amp;Hell</translation>
    </message>
    <message>
        <source>&amp;Loop the selection</source>
        <translation>Auswahl in &amp;Schleife</translation>
    </message>
    <message>
        <source>&amp;Models…</source>
        <translation>&amp;Modelle…</translation>
    </message>
    <message>
        <source>&amp;Mute</source>
        <translation>Stu&amp;mm</translation>
    </message>
    <message>
        <source>&amp;Next face</source>
        <translation>&amp;Nächstes Gesicht</translation>
    </message>
    <message>
        <source>&amp;Next frame</source>
        <translation>&amp;Nächstes Bild</translation>
    </message>
    <message>
        <source>&amp;Open a video or project…</source>
        <translation>&amp;Video oder Projekt öffnen…</translation>
    </message>
    <message>
        <source>&amp;People panel</source>
        <translation>&amp;Personen</translation>
    </message>
    <message>
        <source>&amp;Pick nobody</source>
        <translation>Niemanden &amp;wählen</translation>
    </message>
    <message>
        <source>&amp;Play</source>
        <translation>&amp;Abspielen</translation>
    </message>
    <message>
        <source>&amp;Preferences…</source>
        <translation>&amp;Einstellungen…</translation>
    </message>
    <message>
        <source>&amp;Previous face</source>
        <translation>&amp;Voriges Gesicht</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>B&amp;eenden</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>&amp;Wiederholen</translation>
    </message>
    <message>
        <source>&amp;Rename…</source>
        <translation>&amp;Umbenennen…</translation>
    </message>
    <message>
        <source>&amp;Save project</source>
        <translation>Projekt &amp;speichern</translation>
    </message>
    <message>
        <source>&amp;Solo the picked person</source>
        <translation>Gewählte Person &amp;allein</translation>
    </message>
    <message>
        <source>&amp;Time line</source>
        <translation>&amp;Zeitleiste</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <source>&amp;Whole file</source>
        <translation>Ganze Da&amp;tei</translation>
    </message>
    <message>
        <source>&amp;Wrong person? Correct…</source>
        <translation>&amp;Falsche Person? Korrigieren…</translation>
    </message>
    <message>
        <source>As the s&amp;ystem</source>
        <translation>Wie das &amp;System</translation>
    </message>
    <message>
        <source>Compute the whole &amp;file</source>
        <translation>Ganze &amp;Datei berechnen</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Hear everyone &amp;else</source>
        <translation>Alle an&amp;deren hören</translation>
    </message>
    <message>
        <source>Hear the &amp;voice</source>
        <translation>S&amp;timme hören</translation>
    </message>
    <message>
        <source>Hear the ori&amp;ginal</source>
        <translation>Ori&amp;ginal hören</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>High &amp;contrast</source>
        <translation>Hoher &amp;Kontrast</translation>
    </message>
    <message>
        <source>One second back</source>
        <translation>Eine Sekunde zurück</translation>
    </message>
    <message>
        <source>One second on</source>
        <translation>Eine Sekunde vor</translation>
    </message>
    <message>
        <source>Open the &amp;sample</source>
        <translation>&amp;Beispiel öffnen</translation>
    </message>
    <message>
        <source>P&amp;revious frame</source>
        <translation>V&amp;origes Bild</translation>
    </message>
    <message>
        <source>People</source>
        <translation>Personen</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Wiedergabe</translation>
    </message>
    <message>
        <source>Save project &amp;as…</source>
        <translation>Projekt speichern &amp;unter…</translation>
    </message>
    <message>
        <source>Search for people &amp;again</source>
        <translation>Erneut nach Personen &amp;suchen</translation>
    </message>
    <message>
        <source>Selection ends he&amp;re</source>
        <translation>Auswahl endet h&amp;ier</translation>
    </message>
    <message>
        <source>Selection starts &amp;here</source>
        <translation>Auswahl beginnt &amp;hier</translation>
    </message>
    <message>
        <source>To the &amp;end</source>
        <translation>Zum &amp;Ende</translation>
    </message>
    <message>
        <source>To the &amp;start</source>
        <translation>Zum An&amp;fang</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Zoom &amp;in</source>
        <translation>Ver&amp;größern</translation>
    </message>
    <message>
        <source>Zoom &amp;out</source>
        <translation>Verk&amp;leinern</translation>
    </message>
</context>
<context>
    <name>Announcer</name>
    <message numerus="yes">
        <source>%n person(s) found: {0}</source>
        <translation>
            <numerusform>%n Person gefunden: {0}</numerusform>
            <numerusform>%n Personen gefunden: {0}</numerusform>
        </translation>
    </message>
    <message>
        <source>No face was found in this video</source>
        <translation>In diesem Video wurde kein Gesicht gefunden</translation>
    </message>
    <message>
        <source>The voice of {0} can be heard</source>
        <translation>Die Stimme von {0} ist zu hören</translation>
    </message>
    <message>
        <source>{0}: {1} %</source>
        <translation>{0}: {1} %</translation>
    </message>
    <message>
        <source>{0}: done</source>
        <translation>{0}: fertig</translation>
    </message>
</context>
<context>
    <name>BatchClient</name>
    <message>
        <source>There is a batch in {0} already.</source>
        <translation>In {0} gibt es schon einen Stapel.</translation>
    </message>
    <message>
        <source>Choose another folder, or remove the files here first.</source>
        <translation>Einen anderen Ordner wählen oder die Dateien hier zuerst entfernen.</translation>
    </message>
    <message>
        <source>Batch: {0}</source>
        <translation>Stapel: {0}</translation>
    </message>
</context>
<context>
    <name>BatchDesk</name>
    <message>
        <source>Batch</source>
        <translation>Stapel</translation>
    </message>
    <message numerus="yes">
        <source>The batch is not finished: %n file(s) are left.</source>
        <translation>
            <numerusform>Der Stapel ist nicht fertig: %n Datei fehlt noch.</numerusform>
            <numerusform>Der Stapel ist nicht fertig: %n Dateien fehlen noch.</numerusform>
        </translation>
    </message>
    <message>
        <source>You can go on with it when AVSep is open again. Nothing that is done is lost.</source>
        <translation>Er kann weitergehen, wenn AVSep wieder offen ist. Was fertig ist, geht nicht verloren.</translation>
    </message>
    <message>
        <source>Stop and close</source>
        <translation>Anhalten und schließen</translation>
    </message>
    <message>
        <source>Keep working</source>
        <translation>Weiterarbeiten</translation>
    </message>
    <message numerus="yes">
        <source>A batch is not finished: %n file(s) are left.</source>
        <translation>
            <numerusform>Ein Stapel ist nicht fertig: %n Datei fehlt noch.</numerusform>
            <numerusform>Ein Stapel ist nicht fertig: %n Dateien fehlen noch.</numerusform>
        </translation>
    </message>
    <message>
        <source>Go on…</source>
        <translation>Weitermachen…</translation>
    </message>
    <message>
        <source>The batch is done: {0} of {1} files.</source>
        <translation>Der Stapel ist fertig: {0} von {1} Dateien.</translation>
    </message>
    <message>
        <source>Show…</source>
        <translation>Zeigen…</translation>
    </message>
</context>
<context>
    <name>BatchPage</name>
    <message>
        <source>Whose voice</source>
        <translation>Wessen Stimme</translation>
    </message>
    <message>
        <source>For the files that are selected (Enter in the list)</source>
        <translation>Für die ausgewählten Dateien (Eingabe in der Liste)</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Nach oben</translation>
    </message>
    <message>
        <source>Earlier (Alt+Up)</source>
        <translation>Früher (Alt+Auf)</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Nach unten</translation>
    </message>
    <message>
        <source>Later (Alt+Down)</source>
        <translation>Später (Alt+Ab)</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Take out of the list (Delete); results stay</source>
        <translation>Aus der Liste nehmen (Entf); Ergebnisse bleiben</translation>
    </message>
    <message>
        <source>New batch</source>
        <translation>Neuer Stapel</translation>
    </message>
    <message>
        <source>Begin with an empty list; results and the list beside them stay</source>
        <translation>Mit leerer Liste beginnen; Ergebnisse und die Liste daneben bleiben</translation>
    </message>
    <message>
        <source>Each file becomes</source>
        <translation>Aus jeder Datei wird</translation>
    </message>
    <message>
        <source>A folder: voice, everyone else, timeline, report</source>
        <translation>Ein Ordner: Stimme, alle anderen, Zeitleiste, Bericht</translation>
    </message>
    <message>
        <source>A sound file with the voice</source>
        <translation>Eine Tondatei mit der Stimme</translation>
    </message>
    <message>
        <source>A video with the voice as a sound track</source>
        <translation>Ein Video mit der Stimme als Tonspur</translation>
    </message>
    <message>
        <source>Results go to</source>
        <translation>Ergebnisse kommen nach</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Ändern…</translation>
    </message>
    <message>
        <source>Change the folder for the results</source>
        <translation>Den Ordner für die Ergebnisse ändern</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Folder for the results</source>
        <translation>Ordner für die Ergebnisse</translation>
    </message>
</context>
<context>
    <name>BatchQueue</name>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Whose voice</source>
        <translation>Wessen Stimme</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Stand</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>Done ({0})</source>
        <translation>Fertig ({0})</translation>
    </message>
    <message>
        <source>Skipped</source>
        <translation>Übersprungen</translation>
    </message>
    <message>
        <source>Failed: {0}</source>
        <translation>Fehlgeschlagen: {0}</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Beginnt</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Hält an…</translation>
    </message>
    <message>
        <source>Everyone</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Person {0}</source>
        <translation>Person {0}</translation>
    </message>
    <message>
        <source>As on {0}</source>
        <translation>Wie auf {0}</translation>
    </message>
    <message>
        <source>Person {0} of {1}</source>
        <translation>Person {0} von {1}</translation>
    </message>
    <message>
        <source>Most visible</source>
        <translation>Am meisten zu sehen</translation>
    </message>
</context>
<context>
    <name>BatchRules</name>
    <message>
        <source>Pictures ({0})</source>
        <translation>Bilder ({0})</translation>
    </message>
    <message>
        <source>A photo of the person</source>
        <translation>Ein Foto der Person</translation>
    </message>
    <message>
        <source>The &amp;most visible person</source>
        <translation>Die am &amp;meisten sichtbare Person</translation>
    </message>
    <message>
        <source>&amp;Everyone, one voice each</source>
        <translation>&amp;Alle, je eine Stimme</translation>
    </message>
    <message>
        <source>The person on a &amp;photo…</source>
        <translation>Die Person auf einem &amp;Foto…</translation>
    </message>
    <message>
        <source>Person &amp;number</source>
        <translation>Person &amp;Nummer</translation>
    </message>
    <message>
        <source>Person &amp;{0}</source>
        <translation>Person &amp;{0}</translation>
    </message>
    <message>
        <source>By the face of a person in {0}</source>
        <translation>Nach dem Gesicht einer Person in {0}</translation>
    </message>
</context>
<context>
    <name>BatchStart</name>
    <message>
        <source>Drop videos or folders here</source>
        <translation>Videos oder Ordner hierher ziehen</translation>
    </message>
    <message>
        <source>In each file the voice of one person, or of everyone, is made into files of its own: the person seen most, the one on a photo, or by number.</source>
        <translation>In jeder Datei wird die Stimme einer Person oder aller in eigene Dateien geschrieben: die der am meisten sichtbaren Person, der auf einem Foto oder nach Nummer.</translation>
    </message>
    <message>
        <source>Add files…</source>
        <translation>Dateien hinzufügen…</translation>
    </message>
    <message>
        <source>Add a folder…</source>
        <translation>Ordner hinzufügen…</translation>
    </message>
</context>
<context>
    <name>BatchTable</name>
    <message>
        <source>Files of the batch</source>
        <translation>Dateien des Stapels</translation>
    </message>
    <message>
        <source>Enter chooses whose voice, Alt with the arrow keys moves a file, Delete removes it</source>
        <translation>Eingabe wählt, wessen Stimme; Alt mit den Pfeiltasten verschiebt eine Datei, Entf nimmt sie heraus</translation>
    </message>
</context>
<context>
    <name>BatchWindow</name>
    <message>
        <source>Batch</source>
        <translation>Stapel</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Hält an…</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>Looking at the files…</source>
        <translation>Die Dateien werden angesehen…</translation>
    </message>
    <message>
        <source>{0} of {1} done</source>
        <translation>{0} von {1} fertig</translation>
    </message>
    <message>
        <source>{0} failed</source>
        <translation>{0} fehlgeschlagen</translation>
    </message>
    <message>
        <source>{0} skipped</source>
        <translation>{0} übersprungen</translation>
    </message>
    <message>
        <source>stops after this one</source>
        <translation>hält nach dieser Datei an</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>Progress of the batch</source>
        <translation>Fortschritt des Stapels</translation>
    </message>
    <message>
        <source>Many files, one after the other. You can go on listening meanwhile.</source>
        <translation>Viele Dateien nacheinander. Das Hören geht währenddessen weiter.</translation>
    </message>
    <message>
        <source>Add files…</source>
        <translation>Dateien hinzufügen…</translation>
    </message>
    <message>
        <source>Add a folder…</source>
        <translation>Ordner hinzufügen…</translation>
    </message>
    <message>
        <source>Stop after this file</source>
        <translation>Nach dieser Datei anhalten</translation>
    </message>
    <message>
        <source>Retry the failed</source>
        <translation>Fehlgeschlagene wiederholen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>The work goes on</source>
        <translation>Die Arbeit geht weiter</translation>
    </message>
    <message>
        <source>Videos ({0});;All files (*)</source>
        <translation>Videos ({0});;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Add files to the batch</source>
        <translation>Dateien zum Stapel hinzufügen</translation>
    </message>
    <message>
        <source>Add a folder to the batch</source>
        <translation>Ordner zum Stapel hinzufügen</translation>
    </message>
    <message>
        <source>All {0} files are done.</source>
        <translation>Alle {0} Dateien sind fertig.</translation>
    </message>
    <message>
        <source>{0} of {1} files are done, {2} failed.</source>
        <translation>{0} von {1} Dateien sind fertig, {2} fehlgeschlagen.</translation>
    </message>
</context>
<context>
    <name>ClearQuestion</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
</context>
<context>
    <name>Corrections</name>
    <message>
        <source>{0} and {1} are both in the picture at {2}, so they are two people.</source>
        <translation>{0} und {1} sind bei {2} beide im Bild, es sind also zwei Personen.</translation>
    </message>
    <message>
        <source>If the faces were mixed up, go to where that begins and let the two change places.</source>
        <translation>Wurden die Gesichter verwechselt: an die Stelle gehen, wo das beginnt, und die beiden tauschen lassen.</translation>
    </message>
    <message>
        <source>{0} is {1}</source>
        <translation>{0} ist {1}</translation>
    </message>
    <message>
        <source>somebody new after {0}</source>
        <translation>jemand Neues nach {0}</translation>
    </message>
    <message>
        <source>{0} and {1} change places</source>
        <translation>{0} und {1} tauschen</translation>
    </message>
    <message>
        <source>{0} is elsewhere in the picture at {1}.</source>
        <translation>{0} ist bei {1} anderswo im Bild.</translation>
    </message>
    <message>
        <source>If the two were mixed up, let them change places from here on.</source>
        <translation>Wurden die beiden verwechselt, ab hier tauschen lassen.</translation>
    </message>
    <message>
        <source>this is not {0}</source>
        <translation>das ist nicht {0}</translation>
    </message>
    <message>
        <source>hide {0}</source>
        <translation>{0} ausblenden</translation>
    </message>
    <message>
        <source>show {0}</source>
        <translation>{0} einblenden</translation>
    </message>
</context>
<context>
    <name>Device</name>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Running on: {0}</source>
        <translation>Läuft auf: {0}</translation>
    </message>
    <message>
        <source>1 core</source>
        <translation>1 Kern</translation>
    </message>
    <message>
        <source>{0} cores</source>
        <translation>{0} Kerne</translation>
    </message>
    <message>
        <source>GPU {0}</source>
        <translation>GPU {0}</translation>
    </message>
    <message>
        <source>no CUDA graphics card</source>
        <translation>keine CUDA-Grafikkarte</translation>
    </message>
    <message>
        <source>installed without GPU support</source>
        <translation>ohne GPU-Unterstützung installiert</translation>
    </message>
    <message>
        <source>as you chose</source>
        <translation>wie gewählt</translation>
    </message>
</context>
<context>
    <name>Document</name>
    <message>
        <source>pick nobody</source>
        <translation>niemanden wählen</translation>
    </message>
    <message>
        <source>pick {0}</source>
        <translation>{0} wählen</translation>
    </message>
    <message>
        <source>rename {0}</source>
        <translation>{0} umbenennen</translation>
    </message>
    <message>
        <source>select a range</source>
        <translation>Bereich auswählen</translation>
    </message>
    <message>
        <source>clear the range</source>
        <translation>Auswahl aufheben</translation>
    </message>
</context>
<context>
    <name>Engine</name>
    <message>
        <source>Check that it plays elsewhere, or copy or download it again.</source>
        <translation>Prüfen, ob sie anderswo läuft, oder sie noch einmal kopieren oder herunterladen.</translation>
    </message>
    <message>
        <source>Check the disk.</source>
        <translation>Die Platte prüfen.</translation>
    </message>
    <message>
        <source>Check the name of the file.</source>
        <translation>Den Namen der Datei prüfen.</translation>
    </message>
    <message>
        <source>Check the name, or choose the file at its new place.</source>
        <translation>Den Namen prüfen oder die Datei an ihrem neuen Ort wählen.</translation>
    </message>
    <message>
        <source>Checking the result</source>
        <translation>Das Ergebnis wird geprüft</translation>
    </message>
    <message>
        <source>Checking {0}</source>
        <translation>{0} wird geprüft</translation>
    </message>
    <message>
        <source>Choose a file with a sound track.</source>
        <translation>Eine Datei mit Tonspur wählen.</translation>
    </message>
    <message>
        <source>Choose a file with sound.</source>
        <translation>Eine Datei mit Ton wählen.</translation>
    </message>
    <message>
        <source>Choose a folder of your own, or give yourself permission to write there.</source>
        <translation>Einen eigenen Ordner wählen oder dort die Schreiberlaubnis geben.</translation>
    </message>
    <message>
        <source>Choose a photo on which the face is large, sharp and seen from the front.</source>
        <translation>Ein Foto wählen, auf dem das Gesicht groß, scharf und von vorn zu sehen ist.</translation>
    </message>
    <message>
        <source>Choose a shorter name.</source>
        <translation>Einen kürzeren Namen wählen.</translation>
    </message>
    <message>
        <source>Choose a video file.</source>
        <translation>Eine Videodatei wählen.</translation>
    </message>
    <message>
        <source>Choose a video in which the person who speaks can be seen from the front.</source>
        <translation>Ein Video wählen, in dem die sprechende Person von vorn zu sehen ist.</translation>
    </message>
    <message>
        <source>Choose a video or sound file in it.</source>
        <translation>Eine Video- oder Tondatei darin wählen.</translation>
    </message>
    <message>
        <source>Choose a video or sound file.</source>
        <translation>Eine Video- oder Tondatei wählen.</translation>
    </message>
    <message>
        <source>Choose another file name.</source>
        <translation>Einen anderen Dateinamen wählen.</translation>
    </message>
    <message>
        <source>Choose another folder and try again.</source>
        <translation>Einen anderen Ordner wählen und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Choose another folder.</source>
        <translation>Einen anderen Ordner wählen.</translation>
    </message>
    <message>
        <source>Choose another name for the result.</source>
        <translation>Einen anderen Namen für das Ergebnis wählen.</translation>
    </message>
    <message>
        <source>Choose another name, or ask to overwrite it.</source>
        <translation>Einen anderen Namen wählen oder das Überschreiben verlangen.</translation>
    </message>
    <message>
        <source>Choose another name.</source>
        <translation>Einen anderen Namen wählen.</translation>
    </message>
    <message>
        <source>Close other programs and try again.</source>
        <translation>Andere Programme schließen und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Close other programs that use the graphics card, or run on the CPU with the device set to cpu.</source>
        <translation>Andere Programme schließen, die die Grafikkarte benutzen, oder auf der CPU rechnen (Einstellungen, Berechnung).</translation>
    </message>
    <message>
        <source>Close other programs, or choose another device.</source>
        <translation>Andere Programme schließen oder ein anderes Gerät wählen.</translation>
    </message>
    <message>
        <source>Close other programs, or work on a shorter part.</source>
        <translation>Andere Programme schließen oder an einem kürzeren Stück arbeiten.</translation>
    </message>
    <message>
        <source>Connect the drive again, or copy the file to this computer.</source>
        <translation>Das Laufwerk wieder verbinden oder die Datei auf diesen Rechner kopieren.</translation>
    </message>
    <message>
        <source>Connect the drive or the network folder again, or choose the file at its new place.</source>
        <translation>Das Laufwerk oder den Netzordner wieder verbinden oder die Datei an ihrem neuen Ort wählen.</translation>
    </message>
    <message>
        <source>Copy or download the file again, or choose another sound track.</source>
        <translation>Die Datei noch einmal kopieren oder herunterladen, oder eine andere Tonspur wählen.</translation>
    </message>
    <message>
        <source>Copy or download the file again, or repair it with the program that made it.</source>
        <translation>Die Datei noch einmal kopieren oder herunterladen, oder mit dem Programm reparieren, das sie gemacht hat.</translation>
    </message>
    <message>
        <source>Copy or download the file again.</source>
        <translation>Die Datei noch einmal kopieren oder herunterladen.</translation>
    </message>
    <message>
        <source>Copy the file to another folder and try again.</source>
        <translation>Die Datei in einen anderen Ordner kopieren und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Copying {0}</source>
        <translation>{0} wird kopiert</translation>
    </message>
    <message>
        <source>Create the folder, connect its drive again, or choose another one.</source>
        <translation>Den Ordner anlegen, sein Laufwerk wieder verbinden oder einen anderen wählen.</translation>
    </message>
    <message>
        <source>Cut the photo so that one face is left, or choose another.</source>
        <translation>Das Foto so zuschneiden, dass ein Gesicht bleibt, oder ein anderes wählen.</translation>
    </message>
    <message>
        <source>Cutting out mouths</source>
        <translation>Lippen werden ausgeschnitten</translation>
    </message>
    <message>
        <source>Downloading {0}</source>
        <translation>{0} wird heruntergeladen</translation>
    </message>
    <message>
        <source>Filming the close-up</source>
        <translation>Die Nahaufnahme wird gemacht</translation>
    </message>
    <message>
        <source>Find the people in the video again, then choose one of them.</source>
        <translation>Die Personen im Video neu suchen, dann eine davon wählen.</translation>
    </message>
    <message>
        <source>Finding people</source>
        <translation>Personen werden gesucht</translation>
    </message>
    <message>
        <source>Free some space and try again; what was fetched is kept.</source>
        <translation>Platz schaffen und noch einmal versuchen; was geholt wurde, bleibt.</translation>
    </message>
    <message>
        <source>Free some space or choose another folder.</source>
        <translation>Platz schaffen oder einen anderen Ordner wählen.</translation>
    </message>
    <message>
        <source>Give yourself permission to read the file, or copy it to a folder of your own.</source>
        <translation>Die Leseerlaubnis geben oder die Datei in einen eigenen Ordner kopieren.</translation>
    </message>
    <message>
        <source>Install the model again.</source>
        <translation>Das Modell neu installieren.</translation>
    </message>
    <message>
        <source>Isolating</source>
        <translation>Die Stimme wird getrennt</translation>
    </message>
    <message>
        <source>Looking at the files</source>
        <translation>Die Dateien werden angesehen</translation>
    </message>
    <message>
        <source>Matching lips and sound</source>
        <translation>Lippen und Ton werden verglichen</translation>
    </message>
    <message>
        <source>No face was found in “{0}”.</source>
        <translation>In „{0}“ wurde kein Gesicht gefunden.</translation>
    </message>
    <message>
        <source>No face was found on the photo “{0}”.</source>
        <translation>Auf dem Foto „{0}“ wurde kein Gesicht gefunden.</translation>
    </message>
    <message>
        <source>Open the video again.</source>
        <translation>Das Video noch einmal öffnen.</translation>
    </message>
    <message>
        <source>Person {0} is not known in this video.</source>
        <translation>Person {0} ist in diesem Video nicht bekannt.</translation>
    </message>
    <message>
        <source>Person {0} was not heard: their voice is all but silent.</source>
        <translation>Person {0} war nicht zu hören: die Stimme ist so gut wie still.</translation>
    </message>
    <message>
        <source>Person {0}: lips and voice hardly agree; listen before you trust this voice.</source>
        <translation>Person {0}: Lippen und Stimme passen kaum zusammen; anhören, bevor man dieser Stimme traut.</translation>
    </message>
    <message>
        <source>Persons {0} and {1}</source>
        <translation>Person {0} und Person {1}</translation>
    </message>
    <message>
        <source>Reading the sound</source>
        <translation>Der Ton wird gelesen</translation>
    </message>
    <message>
        <source>Something unexpected happened: {0}: {1}</source>
        <translation>Etwas Unerwartetes ist geschehen: {0}: {1}</translation>
    </message>
    <message>
        <source>The decoded sound “{0}” is missing or incomplete.</source>
        <translation>Der gelesene Ton „{0}“ fehlt oder ist unvollständig.</translation>
    </message>
    <message>
        <source>The face models are missing from this installation.</source>
        <translation>Dieser Installation fehlen die Modelle für Gesichter.</translation>
    </message>
    <message>
        <source>The model {0} is not installed, or its files are damaged.</source>
        <translation>Das Modell {0} ist nicht installiert, oder seine Dateien sind beschädigt.</translation>
    </message>
    <message>
        <source>The model {0} is not installed.</source>
        <translation>Das Modell {0} ist nicht installiert.</translation>
    </message>
    <message>
        <source>The photo “{0}” is too large.</source>
        <translation>Das Foto „{0}“ ist zu groß.</translation>
    </message>
    <message>
        <source>The photo “{0}” shows {1} faces about as large.</source>
        <translation>Das Foto „{0}“ zeigt {1} etwa gleich große Gesichter.</translation>
    </message>
    <message>
        <source>The picture of “{0}” is damaged: nothing of it can be decoded.</source>
        <translation>Das Bild von „{0}“ ist beschädigt: nichts davon lässt sich lesen.</translation>
    </message>
    <message>
        <source>The result needs about {0}, but “{1}” has {2} free.</source>
        <translation>Das Ergebnis braucht etwa {0}, aber in „{1}“ sind {2} frei.</translation>
    </message>
    <message>
        <source>The sound needs {0} GB of working space; {1} GB are free in “{2}”.</source>
        <translation>Der Ton braucht {0} GB Arbeitsplatz; in „{2}“ sind {1} GB frei.</translation>
    </message>
    <message>
        <source>The sound of “{0}” could not be kept for work: {1}</source>
        <translation>Der Ton von „{0}“ konnte nicht zum Arbeiten abgelegt werden: {1}</translation>
    </message>
    <message>
        <source>The sound of “{0}” is damaged: nothing of it can be decoded.</source>
        <translation>Der Ton von „{0}“ ist beschädigt: nichts davon lässt sich lesen.</translation>
    </message>
    <message>
        <source>The voice of {0} was changed by {1} dB, from {2} to {3} LUFS.</source>
        <translation>Die Stimme von {0} wurde um {1} dB geändert, von {2} auf {3} LUFS.</translation>
    </message>
    <message>
        <source>The weights file {0} is missing.</source>
        <translation>Die Datei der Gewichte {0} fehlt.</translation>
    </message>
    <message>
        <source>The work on {0} failed: {1}.</source>
        <translation>Die Arbeit auf {0} schlug fehl: {1}.</translation>
    </message>
    <message>
        <source>There was not enough memory for this.</source>
        <translation>Dafür reichte der Speicher nicht.</translation>
    </message>
    <message>
        <source>This AVSep cannot encode H.264: the picture of the close-up is MPEG-4 Part 2 (mpeg4), which players and most editors show. For browsers choose .mp4.</source>
        <translation>Dieses AVSep kann H.264 nicht kodieren: Das Bild der Nahaufnahme ist MPEG-4 Part 2 (mpeg4), das Abspielprogramme und die meisten Schnittprogramme zeigen. Für Browser .mp4 wählen.</translation>
    </message>
    <message>
        <source>This AVSep cannot encode H.264: the picture of the close-up is VP9 (libvpx-vp9), which browsers, Android and VLC show. For Apple’s programs and most editors choose .mov.</source>
        <translation>Dieses AVSep kann H.264 nicht kodieren: Das Bild der Nahaufnahme ist VP9 (libvpx-vp9), das Browser, Android und VLC zeigen. Für Apples Programme und die meisten Schnittprogramme .mov wählen.</translation>
    </message>
    <message>
        <source>This machine ran out of memory.</source>
        <translation>Diesem Rechner ging der Speicher aus.</translation>
    </message>
    <message>
        <source>Try again; if it happens again, copy the details into a report.</source>
        <translation>Noch einmal versuchen; geschieht es wieder, die Einzelheiten in eine Meldung kopieren.</translation>
    </message>
    <message>
        <source>Trying {0}</source>
        <translation>{0} wird ausprobiert</translation>
    </message>
    <message>
        <source>Wait until the program that writes it is done, then try again.</source>
        <translation>Warten, bis das Programm fertig ist, das die Datei schreibt; dann noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Writing the sound</source>
        <translation>Der Ton wird geschrieben</translation>
    </message>
    <message>
        <source>Writing the video</source>
        <translation>Das Video wird geschrieben</translation>
    </message>
    <message>
        <source>{0} Going on with half as much at a time.</source>
        <translation>{0} Es geht mit der Hälfte auf einmal weiter.</translation>
    </message>
    <message>
        <source>{0} Going on with one stretch at a time.</source>
        <translation>{0} Es geht mit einem Abschnitt auf einmal weiter.</translation>
    </message>
    <message>
        <source>{0} Going on with the CPU, which is slower.</source>
        <translation>{0} Es geht auf der CPU weiter, die langsamer ist.</translation>
    </message>
    <message>
        <source>{0} have the same voice in {1} s, first at {2}:{3}; the model could not tell them apart there.</source>
        <translation>{0} haben in {1} s dieselbe Stimme, zuerst bei {2}:{3}; das Modell konnte sie dort nicht unterscheiden.</translation>
    </message>
    <message>
        <source>{0} is not seen between {1} and {2} s: there is no face to follow.</source>
        <translation>{0} ist zwischen {1} und {2} s nicht zu sehen: es gibt kein Gesicht, dem zu folgen ist.</translation>
    </message>
    <message>
        <source>{0} ran out of memory.</source>
        <translation>Auf {0} ging der Speicher aus.</translation>
    </message>
    <message>
        <source>“{0}” cannot be read ({1}).</source>
        <translation>„{0}“ kann nicht gelesen werden ({1}).</translation>
    </message>
    <message>
        <source>“{0}” cannot be read: its drive does not answer.</source>
        <translation>„{0}“ kann nicht gelesen werden: das Laufwerk antwortet nicht.</translation>
    </message>
    <message>
        <source>“{0}” cannot be read: permission is missing.</source>
        <translation>„{0}“ kann nicht gelesen werden: die Erlaubnis fehlt.</translation>
    </message>
    <message>
        <source>“{0}” could not be written ({1}).</source>
        <translation>„{0}“ konnte nicht geschrieben werden ({1}).</translation>
    </message>
    <message>
        <source>“{0}” could not be written: permission is missing for “{1}”.</source>
        <translation>„{0}“ konnte nicht geschrieben werden: für „{1}“ fehlt die Erlaubnis.</translation>
    </message>
    <message>
        <source>“{0}” could not be written: the folder “{1}” is not there.</source>
        <translation>„{0}“ konnte nicht geschrieben werden: den Ordner „{1}“ gibt es nicht.</translation>
    </message>
    <message>
        <source>“{0}” could not be written: there is no space left in “{1}”.</source>
        <translation>„{0}“ konnte nicht geschrieben werden: in „{1}“ ist kein Platz mehr.</translation>
    </message>
    <message>
        <source>“{0}” could not be written: “{1}” is read-only.</source>
        <translation>„{0}“ konnte nicht geschrieben werden: „{1}“ ist schreibgeschützt.</translation>
    </message>
    <message>
        <source>“{0}” exists already.</source>
        <translation>„{0}“ gibt es schon.</translation>
    </message>
    <message>
        <source>“{0}” has no picture.</source>
        <translation>„{0}“ hat kein Bild.</translation>
    </message>
    <message>
        <source>“{0}” has no sound.</source>
        <translation>„{0}“ hat keinen Ton.</translation>
    </message>
    <message>
        <source>“{0}” holds neither picture nor sound.</source>
        <translation>„{0}“ enthält weder Bild noch Ton.</translation>
    </message>
    <message>
        <source>“{0}” is a folder, not a file.</source>
        <translation>„{0}“ ist ein Ordner, keine Datei.</translation>
    </message>
    <message>
        <source>“{0}” is a folder.</source>
        <translation>„{0}“ ist ein Ordner.</translation>
    </message>
    <message>
        <source>“{0}” is damaged: nothing in it can be decoded.</source>
        <translation>„{0}“ ist beschädigt: nichts darin lässt sich lesen.</translation>
    </message>
    <message>
        <source>“{0}” is empty (0 bytes).</source>
        <translation>„{0}“ ist leer (0 Byte).</translation>
    </message>
    <message>
        <source>“{0}” is not a picture that can be read.</source>
        <translation>„{0}“ ist kein lesbares Bild.</translation>
    </message>
    <message>
        <source>“{0}” is not a video or sound file, or it is damaged beyond reading.</source>
        <translation>„{0}“ ist keine Video- oder Tondatei oder so beschädigt, dass sie nicht zu lesen ist.</translation>
    </message>
    <message>
        <source>“{0}” is not an ordinary file.</source>
        <translation>„{0}“ ist keine gewöhnliche Datei.</translation>
    </message>
    <message>
        <source>“{0}” is the video itself.</source>
        <translation>„{0}“ ist das Video selbst.</translation>
    </message>
    <message>
        <source>“{0}” needs {1}, but “{2}” has {3} free.</source>
        <translation>„{0}“ braucht {1}, aber in „{2}“ sind {3} frei.</translation>
    </message>
    <message>
        <source>“{0}” was changed while it was worked on.</source>
        <translation>„{0}“ wurde verändert, während daran gearbeitet wurde.</translation>
    </message>
    <message>
        <source>“{0}” was not found in “{1}”.</source>
        <translation>„{0}“ wurde in „{1}“ nicht gefunden.</translation>
    </message>
    <message>
        <source>“{0}” was not found: the folder “{1}” is not there.</source>
        <translation>„{0}“ wurde nicht gefunden: den Ordner „{1}“ gibt es nicht.</translation>
    </message>
    <message>
        <source>“{0}” was written but cannot be read back.</source>
        <translation>„{0}“ wurde geschrieben, lässt sich aber nicht zurücklesen.</translation>
    </message>
    <message>
        <source>“{0}”, the description of “{1}”, is not beside it.</source>
        <translation>„{0}“, die Beschreibung von „{1}“, liegt nicht daneben.</translation>
    </message>
    <message>
        <source>“{0}…” is not a possible file name.</source>
        <translation>„{0}…“ ist kein möglicher Dateiname.</translation>
    </message>
    <message>
        <source>“{0}…” is too long for a file name.</source>
        <translation>„{0}…“ ist zu lang für einen Dateinamen.</translation>
    </message>
</context>
<context>
    <name>EngineClient</name>
    <message>
        <source>Opening {0}</source>
        <translation>{0} wird geöffnet</translation>
    </message>
    <message>
        <source>Finding people</source>
        <translation>Personen werden gesucht</translation>
    </message>
    <message>
        <source>{0} Voices are computed on what is there.</source>
        <translation>{0} Stimmen werden auf dem berechnet, was da ist.</translation>
    </message>
    <message>
        <source>Reading the sound</source>
        <translation>Der Ton wird gelesen</translation>
    </message>
    <message>
        <source>There is no sound in {0}. Open a file with sound to hear a voice.</source>
        <translation>In {0} ist kein Ton. Eine Datei mit Ton öffnen, um eine Stimme zu hören.</translation>
    </message>
    <message>
        <source>There is no picture in {0}.</source>
        <translation>In {0} ist kein Bild.</translation>
    </message>
    <message>
        <source>Open a video: a person is found by the face.</source>
        <translation>Ein Video öffnen: eine Person wird am Gesicht gefunden.</translation>
    </message>
</context>
<context>
    <name>ErrorView</name>
    <message>
        <source>Open another video…</source>
        <translation>Anderes Video öffnen…</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
</context>
<context>
    <name>ExportDesk</name>
    <message>
        <source>Export {0}</source>
        <translation>{0} exportieren</translation>
    </message>
    <message>
        <source>Exported {0}.</source>
        <translation>{0} exportiert.</translation>
    </message>
    <message>
        <source>the files</source>
        <translation>die Dateien</translation>
    </message>
    <message>
        <source>Report…</source>
        <translation>Bericht…</translation>
    </message>
    <message>
        <source>Choose another name…</source>
        <translation>Anderen Namen wählen…</translation>
    </message>
    <message>
        <source>Try again…</source>
        <translation>Noch einmal…</translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>WAV, 32-bit float, exact</source>
        <translation>WAV, 32-Bit-Gleitkomma, exakt</translation>
    </message>
    <message>
        <source>FLAC, 24-bit, exact, smaller</source>
        <translation>FLAC, 24 Bit, exakt, kleiner</translation>
    </message>
    <message>
        <source>M4A (AAC), small</source>
        <translation>M4A (AAC), klein</translation>
    </message>
    <message>
        <source>Opus, smallest</source>
        <translation>Opus, am kleinsten</translation>
    </message>
    <message>
        <source>Export {0}</source>
        <translation>{0} exportieren</translation>
    </message>
    <message>
        <source>wide</source>
        <translation>breit</translation>
    </message>
    <message>
        <source>square</source>
        <translation>quadratisch</translation>
    </message>
    <message>
        <source>upright, for phones</source>
        <translation>hochkant, für Telefone</translation>
    </message>
    <message>
        <source>{0}, {1}</source>
        <translation>{0}, {1}</translation>
    </message>
    <message>
        <source>Everyone, not only {0}</source>
        <translation>Alle, nicht nur {0}</translation>
    </message>
    <message>
        <source>The timeline shows the film</source>
        <translation>Die Zeitleiste zeigt den Film</translation>
    </message>
    <message>
        <source>Also a close-up, a video that follows the face</source>
        <translation>Dazu eine Nahaufnahme: ein Video, das dem Gesicht folgt</translation>
    </message>
    <message>
        <source>Write the name into the picture</source>
        <translation>Den Namen ins Bild schreiben</translation>
    </message>
    <message>
        <source>File name</source>
        <translation>Dateiname</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Choose another folder</source>
        <translation>Einen anderen Ordner wählen</translation>
    </message>
    <message>
        <source>What is computed already is not computed again.</source>
        <translation>Was schon berechnet ist, wird nicht noch einmal berechnet.</translation>
    </message>
    <message>
        <source>Export the voice of {0}</source>
        <translation>Die Stimme von {0} exportieren</translation>
    </message>
    <message>
        <source>&amp;Preset</source>
        <translation>&amp;Vorlage</translation>
    </message>
    <message>
        <source>W&amp;hat</source>
        <translation>&amp;Was</translation>
    </message>
    <message>
        <source>&amp;Format</source>
        <translation>&amp;Format</translation>
    </message>
    <message>
        <source>&amp;Loudness</source>
        <translation>&amp;Lautheit</translation>
    </message>
    <message>
        <source>&amp;Shape</source>
        <translation>Bildf&amp;orm</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>&amp;Name</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Before the export</source>
        <translation>Vor dem Export</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Export to</source>
        <translation>Exportieren nach</translation>
    </message>
    <message>
        <source>Replace it</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Only the selection, {0}–{1}</source>
        <translation>Nur die Auswahl, {0}–{1}</translation>
    </message>
    <message>
        <source>With {0} % of everyone else mixed back</source>
        <translation>Mit {0} % aller anderen beigemischt</translation>
    </message>
    <message>
        <source>Leave the level alone</source>
        <translation>Den Pegel lassen, wie er ist</translation>
    </message>
    <message>
        <source>web</source>
        <translation>Web</translation>
    </message>
    <message>
        <source>podcast</source>
        <translation>Podcast</translation>
    </message>
    <message>
        <source>broadcast</source>
        <translation>Rundfunk</translation>
    </message>
    <message>
        <source>−{0:g} LUFS, {1}</source>
        <translation>−{0:g} LUFS, {1}</translation>
    </message>
</context>
<context>
    <name>ExportPlan</name>
    <message>
        <source> - close-up</source>
        <translation> - Nahaufnahme</translation>
    </message>
    <message>
        <source>A close-up: a video that follows the face, with the voice alone</source>
        <translation>Eine Nahaufnahme, die dem Gesicht folgt, mit der Stimme allein</translation>
    </message>
    <message>
        <source>A folder: one file per person, everyone else, report and timeline</source>
        <translation>Ein Ordner: je Person eine Datei, alle anderen, Bericht und Zeitleiste</translation>
    </message>
    <message>
        <source>Give the file a name.</source>
        <translation>Der Datei einen Namen geben.</translation>
    </message>
    <message>
        <source>The video, with voice, everyone else and original as sound tracks</source>
        <translation>Das Video, mit Stimme, allen anderen und Original als Tonspuren</translation>
    </message>
    <message>
        <source>The voice, as a sound file</source>
        <translation>Die Stimme, als Tondatei</translation>
    </message>
    <message>
        <source>There is no folder {0}.</source>
        <translation>Es gibt keinen Ordner {0}.</translation>
    </message>
    <message>
        <source>There is not enough room: about {0} needed, {1} free.</source>
        <translation>Der Platz reicht nicht: etwa {0} nötig, {1} frei.</translation>
    </message>
    <message>
        <source>This would replace the video itself. Choose another name.</source>
        <translation>Das würde das Video selbst ersetzen. Einen anderen Namen wählen.</translation>
    </message>
    <message>
        <source>You may not write to {0}. Choose another folder.</source>
        <translation>In {0} darf nicht geschrieben werden. Einen anderen Ordner wählen.</translation>
    </message>
</context>
<context>
    <name>ExportPresets</name>
    <message>
        <source>Editor: WAV and timeline</source>
        <translation>Schnitt: WAV und Zeitleiste</translation>
    </message>
    <message>
        <source>Podcast: voice at −16 LUFS</source>
        <translation>Podcast: Stimme mit −16 LUFS</translation>
    </message>
    <message>
        <source>Share: upright close-up, 9:16</source>
        <translation>Teilen: Nahaufnahme hochkant, 9:16</translation>
    </message>
    <message>
        <source>Video with labelled tracks</source>
        <translation>Video mit benannten Tonspuren</translation>
    </message>
    <message>
        <source>Voice: WAV, exact</source>
        <translation>Stimme: WAV, exakt</translation>
    </message>
</context>
<context>
    <name>ExportReport</name>
    <message>
        <source> and {0} more</source>
        <translation> und {0} weitere</translation>
    </message>
    <message>
        <source>Computed with</source>
        <translation>Berechnet mit</translation>
    </message>
    <message>
        <source>Every sample is in its place (offset to the original: 0 samples).</source>
        <translation>Jedes Sample ist an seinem Platz (Versatz zum Original: 0 Samples).</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Folder: {0}</source>
        <translation>Ordner: {0}</translation>
    </message>
    <message>
        <source>Is it really {0}? {1}.</source>
        <translation>Ist es wirklich {0}? {1}.</translation>
    </message>
    <message>
        <source>Sound</source>
        <translation>Ton</translation>
    </message>
    <message>
        <source>The voice is {0} samples early ({1:.1f} ms).</source>
        <translation>Die Stimme ist {0} Samples zu früh ({1:.1f} ms).</translation>
    </message>
    <message>
        <source>The voice is {0} samples late ({1:.1f} ms).</source>
        <translation>Die Stimme ist {0} Samples zu spät ({1:.1f} ms).</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Voice and everyone else differ from the original by up to {0:.0f} dBFS.</source>
        <translation>Stimme und alle anderen weichen um bis zu {0:.0f} dBFS vom Original ab.</translation>
    </message>
    <message>
        <source>Voice and everyone else give the original again (difference {0:.0f} dBFS, not audible).</source>
        <translation>Stimme und alle anderen ergeben wieder das Original (Unterschied {0:.0f} dBFS, nicht hörbar).</translation>
    </message>
    <message>
        <source>Weak at {0}.</source>
        <translation>Schwach bei {0}.</translation>
    </message>
    <message>
        <source>mono</source>
        <translation>mono</translation>
    </message>
    <message>
        <source>stereo</source>
        <translation>stereo</translation>
    </message>
    <message>
        <source>{0:.0f} s for {1} ({2:.2f} × the length)</source>
        <translation>{0:.0f} s für {1} ({2:.2f} × die Länge)</translation>
    </message>
    <message>
        <source>{0} channels</source>
        <translation>{0} Kanäle</translation>
    </message>
</context>
<context>
    <name>FaceButton</name>
    <message>
        <source>Hear {0}</source>
        <translation>{0} hören</translation>
    </message>
</context>
<context>
    <name>FaceOverlay</name>
    <message>
        <source>Hear {0}</source>
        <translation>{0} hören</translation>
    </message>
    <message>
        <source>Hear {0} alone (key {1})</source>
        <translation>{0} allein hören (Taste {1})</translation>
    </message>
</context>
<context>
    <name>FolderRow</name>
    <message>
        <source>Show folder</source>
        <translation>Ordner zeigen</translation>
    </message>
    <message>
        <source>Show folder: {0}</source>
        <translation>Ordner zeigen: {0}</translation>
    </message>
</context>
<context>
    <name>Header</name>
    <message>
        <source>Looking at this computer…</source>
        <translation>Rechner wird angesehen…</translation>
    </message>
    <message>
        <source>Using the network: adding {0}</source>
        <translation>Netz in Benutzung: {0} wird hinzugefügt</translation>
    </message>
    <message>
        <source>Network used: adding {0}</source>
        <translation>Netz benutzt: {0} hinzugefügt</translation>
    </message>
    <message>
        <source>Since AVSep was started, files were fetched to add {0}, because you asked for it.</source>
        <translation>Seit dem Start von AVSep wurden Dateien geholt, um {0} hinzuzufügen, weil es so gewünscht war.</translation>
    </message>
    <message>
        <source>Nothing of yours was sent: voices are computed on this computer.</source>
        <translation>Nichts Eigenes wurde gesendet: Stimmen werden auf diesem Rechner berechnet.</translation>
    </message>
    <message>
        <source>No network used</source>
        <translation>Kein Netz benutzt</translation>
    </message>
    <message>
        <source>Everything is computed on this computer; nothing is sent or fetched.</source>
        <translation>Alles wird auf diesem Rechner berechnet; nichts wird gesendet oder geholt.</translation>
    </message>
    <message>
        <source>Model: {0}</source>
        <translation>Modell: {0}</translation>
    </message>
    <message>
        <source>Work runs on: {0} ({1})</source>
        <translation>Gearbeitet wird auf: {0} ({1})</translation>
    </message>
    <message>
        <source>Jobs</source>
        <translation>Aufträge</translation>
    </message>
    <message>
        <source>Jobs {0}</source>
        <translation>Aufträge {0}</translation>
    </message>
</context>
<context>
    <name>JobRunner</name>
    <message>
        <source>The engine stopped unexpectedly; the job “{0}” was lost.</source>
        <translation>Die Berechnung hielt unerwartet an; der Auftrag „{0}“ ging verloren.</translation>
    </message>
    <message>
        <source>It starts again by itself: try once more, or a shorter part.</source>
        <translation>Sie startet von selbst neu: noch einmal versuchen, oder mit einem kürzeren Stück.</translation>
    </message>
</context>
<context>
    <name>JobsDrawer</name>
    <message>
        <source>JOBS</source>
        <translation>AUFTRÄGE</translation>
    </message>
    <message>
        <source>Nothing is being computed.</source>
        <translation>Es wird nichts berechnet.</translation>
    </message>
</context>
<context>
    <name>Keymap</name>
    <message>
        <source>picks person {0}</source>
        <translation>wählt Person {0}</translation>
    </message>
    <message>
        <source>goes to the next control</source>
        <translation>geht zum nächsten Bedienelement</translation>
    </message>
    <message>
        <source>goes to the control before</source>
        <translation>geht zum vorigen Bedienelement</translation>
    </message>
    <message>
        <source>presses the control in focus</source>
        <translation>drückt das Bedienelement mit dem Fokus</translation>
    </message>
    <message>
        <source>leaves what is open</source>
        <translation>verlässt, was offen ist</translation>
    </message>
</context>
<context>
    <name>KeysDialog</name>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>On the picture and the time line</source>
        <translation>Auf Bild und Zeitleiste</translation>
    </message>
    <message>
        <source>Pick person 1 … 9</source>
        <translation>Person 1 … 9 wählen</translation>
    </message>
    <message>
        <source>Tab, arrows</source>
        <translation>Tab, Pfeile</translation>
    </message>
    <message>
        <source>Go from face to face</source>
        <translation>Von Gesicht zu Gesicht gehen</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Pick that face</source>
        <translation>Dieses Gesicht wählen</translation>
    </message>
    <message>
        <source>Zoom the time line; with Shift: move it</source>
        <translation>Zeitleiste zoomen; mit Umschalt: verschieben</translation>
    </message>
    <message>
        <source>Shift+drag</source>
        <translation>Umschalt+Ziehen</translation>
    </message>
    <message>
        <source>Select a stretch of time</source>
        <translation>Einen Abschnitt auswählen</translation>
    </message>
    <message>
        <source>Read out a higher or lower frequency</source>
        <translation>Eine höhere oder tiefere Frequenz ablesen</translation>
    </message>
    <message>
        <source>Wheel</source>
        <translation>Mausrad</translation>
    </message>
    <message>
        <source>Up, Down</source>
        <translation>Auf, Ab</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>KeysPage</name>
    <message>
        <source>Find an action, or a key</source>
        <translation>Aktion oder Taste suchen</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>Aktion</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Actions and their keys</source>
        <translation>Aktionen und ihre Tasten</translation>
    </message>
    <message>
        <source>Press the keys for “{0}”. Esc leaves it as it is.</source>
        <translation>Die Tasten für „{0}“ drücken. Esc lässt sie, wie sie sind.</translation>
    </message>
    <message>
        <source>Leave it</source>
        <translation>So lassen</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Ändern…</translation>
    </message>
    <message>
        <source>Add…</source>
        <translation>Dazu…</translation>
    </message>
    <message>
        <source>No keys</source>
        <translation>Ohne Taste</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>Reset all…</source>
        <translation>Alle zurück…</translation>
    </message>
    <message>
        <source>Press other keys for this action (Enter)</source>
        <translation>Andere Tasten für diese Aktion drücken (Eingabe)</translation>
    </message>
    <message>
        <source>Press keys that are to work besides</source>
        <translation>Tasten drücken, die zusätzlich gelten sollen</translation>
    </message>
    <message>
        <source>Take all keys from this action</source>
        <translation>Dieser Aktion alle Tasten nehmen</translation>
    </message>
    <message>
        <source>The keys that this action had at first</source>
        <translation>Die Tasten, die diese Aktion anfangs hatte</translation>
    </message>
    <message>
        <source>The keys that all actions had at first</source>
        <translation>Die Tasten, die alle Aktionen anfangs hatten</translation>
    </message>
    <message>
        <source>{0}  (changed)</source>
        <translation>{0}  (geändert)</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>no keys</source>
        <translation>keine Tasten</translation>
    </message>
    <message>
        <source>{0} always {1}. Press other keys for “{2}”, or Esc.</source>
        <translation>{0} {1} immer. Andere Tasten für „{2}“ drücken, oder Esc.</translation>
    </message>
    <message>
        <source>{0} belongs to “{1}”. Give it to “{2}” instead?</source>
        <translation>{0} gehört zu „{1}“. Stattdessen für „{2}“ nehmen?</translation>
    </message>
    <message>
        <source>Give it to “{0}”</source>
        <translation>Für „{0}“ nehmen</translation>
    </message>
    <message>
        <source>{0} belongs to “{1}” now.</source>
        <translation>{0} gehört jetzt zu „{1}“.</translation>
    </message>
    <message>
        <source>Give it back to “{0}”?</source>
        <translation>An „{0}“ zurückgeben?</translation>
    </message>
    <message>
        <source>Give it back</source>
        <translation>Zurückgeben</translation>
    </message>
    <message numerus="yes">
        <source>Give all actions the keys that they had at first? %n action(s) were changed.</source>
        <translation>
            <numerusform>Allen Aktionen die Tasten geben, die sie anfangs hatten? %n ist geändert.</numerusform>
            <numerusform>Allen Aktionen die Tasten geben, die sie anfangs hatten? %n sind geändert.</numerusform>
        </translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation>Alle zurücksetzen</translation>
    </message>
</context>
<context>
    <name>LaneStack</name>
    <message>
        <source>Sound</source>
        <translation>Ton</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>Voice</source>
        <translation>Stimme</translation>
    </message>
    <message>
        <source>Agreement</source>
        <translation>Einklang</translation>
    </message>
    <message>
        <source>Pick a person to see the voice here</source>
        <translation>Eine Person wählen, um ihre Stimme hier zu sehen</translation>
    </message>
    <message>
        <source>Not computed yet</source>
        <translation>Noch nicht berechnet</translation>
    </message>
</context>
<context>
    <name>LevelMeter</name>
    <message>
        <source>Level of what is heard</source>
        <translation>Pegel dessen, was zu hören ist</translation>
    </message>
</context>
<context>
    <name>ListenPanel</name>
    <message>
        <source>LISTEN TO</source>
        <translation>HÖREN</translation>
    </message>
    <message>
        <source>True levels</source>
        <translation>Echte Pegel</translation>
    </message>
    <message>
        <source>Off: original, voice and everyone else play equally loud. On: each at its own level.</source>
        <translation>Aus: Original, Stimme und alle anderen sind gleich laut. Ein: jedes mit seinem eigenen Pegel.</translation>
    </message>
    <message>
        <source>Where the voice is not computed yet, the original plays softly, so that you keep your place.</source>
        <translation>Wo die Stimme noch nicht berechnet ist, läuft leise das Original, damit die Stelle nicht verloren geht.</translation>
    </message>
    <message>
        <source>Mix back</source>
        <translation>Beimischen</translation>
    </message>
    <message>
        <source>Mix back: share of everyone else in the voice, per cent</source>
        <translation>Beimischen: Anteil aller anderen an der Stimme, Prozent</translation>
    </message>
    <message>
        <source>How much of everyone else stays under the voice</source>
        <translation>Wie viel von allen anderen unter der Stimme bleibt</translation>
    </message>
    <message>
        <source>Is it really them?</source>
        <translation>Ist sie es wirklich?</translation>
    </message>
    <message>
        <source>How well lips and voice agree here</source>
        <translation>Wie gut Lippen und Stimme hier zusammenpassen</translation>
    </message>
    <message>
        <source>Export voice…</source>
        <translation>Stimme exportieren…</translation>
    </message>
    <message>
        <source>Export {0}…</source>
        <translation>{0} exportieren…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>Voice</source>
        <translation>Stimme</translation>
    </message>
    <message>
        <source>Everyone else</source>
        <translation>Alle anderen</translation>
    </message>
    <message>
        <source>Listen to: {0}</source>
        <translation>Hören: {0}</translation>
    </message>
    <message>
        <source>Reading the sound…</source>
        <translation>Ton wird gelesen…</translation>
    </message>
    <message>
        <source>There is no sound in this file.</source>
        <translation>In dieser Datei ist kein Ton.</translation>
    </message>
    <message>
        <source>Muted: nothing is heard.</source>
        <translation>Stumm: nichts ist zu hören.</translation>
    </message>
    <message>
        <source>Only the original can be heard.</source>
        <translation>Nur das Original ist zu hören.</translation>
    </message>
    <message>
        <source>Pick a person to hear the voice alone.</source>
        <translation>Person wählen, um sie allein zu hören.</translation>
    </message>
    <message>
        <source>You hear the original.</source>
        <translation>Zu hören ist das Original.</translation>
    </message>
    <message>
        <source>Not computed here yet: you hear the original, softly.</source>
        <translation>Hier noch nicht berechnet: leise ist das Original zu hören.</translation>
    </message>
    <message>
        <source>You hear {0} alone.</source>
        <translation>Zu hören ist {0} allein.</translation>
    </message>
    <message>
        <source>You hear everyone except {0}.</source>
        <translation>Zu hören sind alle außer {0}.</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Something unexpected happened in the window: {0}</source>
        <translation>Im Fenster ist etwas Unerwartetes geschehen: {0}</translation>
    </message>
    <message>
        <source>Go on, or start AVSep again; please report the details.</source>
        <translation>Weitermachen oder AVSep neu starten; bitte die Einzelheiten melden.</translation>
    </message>
    <message>
        <source>Finding people… {0} %</source>
        <translation>Personen werden gesucht… {0} %</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal</translation>
    </message>
    <message>
        <source>The picture cannot be shown on this computer; sound and export still work.</source>
        <translation>Das Bild kann auf diesem Rechner nicht gezeigt werden; Ton und Export gehen trotzdem.</translation>
    </message>
</context>
<context>
    <name>Menus</name>
    <message>
        <source>Open &amp;recent</source>
        <translation>&amp;Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>&amp;Undo: {0}</source>
        <translation>&amp;Rückgängig: {0}</translation>
    </message>
    <message>
        <source>&amp;Redo: {0}</source>
        <translation>&amp;Wiederholen: {0}</translation>
    </message>
</context>
<context>
    <name>Missing</name>
    <message>
        <source>Find the video, or open another one.</source>
        <translation>Das Video suchen oder ein anderes öffnen.</translation>
    </message>
    <message>
        <source>It holds something else: times and people may not fit.</source>
        <translation>Der Inhalt ist ein anderer: Zeiten und Personen passen vielleicht nicht.</translation>
    </message>
    <message>
        <source>It is not at {0} any more: it was moved, renamed or deleted. Find it to go on where you were.</source>
        <translation>Es ist nicht mehr in {0}: es wurde verschoben, umbenannt oder gelöscht. Mit „Suchen“ geht es weiter, wo Sie waren.</translation>
    </message>
    <message>
        <source>The video {0} is missing.</source>
        <translation>Das Video {0} fehlt.</translation>
    </message>
    <message>
        <source>What this project calls its video, {0}, is a folder or a device.</source>
        <translation>Was dieses Projekt sein Video nennt, {0}, ist ein Ordner oder ein Gerät.</translation>
    </message>
    <message>
        <source>“{0}” is not the video that this project was made with.</source>
        <translation>„{0}“ ist nicht das Video, mit dem dieses Projekt gemacht wurde.</translation>
    </message>
</context>
<context>
    <name>ModelCard</name>
    <message>
        <source>In use</source>
        <translation>In Benutzung</translation>
    </message>
    <message>
        <source>Default</source>
        <translation>Standard</translation>
    </message>
    <message>
        <source>Not installed</source>
        <translation>Nicht installiert</translation>
    </message>
    <message>
        <source>Files missing</source>
        <translation>Dateien fehlen</translation>
    </message>
    <message>
        <source>AVSep&apos;s own model</source>
        <translation>Eigenes Modell von AVSep</translation>
    </message>
    <message>
        <source>Its files are missing or damaged. Install AVSep again.</source>
        <translation>Die Dateien fehlen oder sind beschädigt. AVSep neu installieren.</translation>
    </message>
    <message>
        <source>Stopped. What was fetched is kept; Install goes on from there.</source>
        <translation>Angehalten. Was geholt wurde, bleibt; Installieren macht dort weiter.</translation>
    </message>
    <message>
        <source>Slower than real time: best for a selection, or over night.</source>
        <translation>Langsamer als Echtzeit: am besten für eine Auswahl oder über Nacht.</translation>
    </message>
    <message>
        <source>Asks before anything is downloaded</source>
        <translation>Fragt, bevor etwas heruntergeladen wird</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Entfernen…</translation>
    </message>
    <message>
        <source>Repair</source>
        <translation>Reparieren</translation>
    </message>
    <message>
        <source>Use always</source>
        <translation>Immer benutzen</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>Benutzen</translation>
    </message>
    <message>
        <source>Install…</source>
        <translation>Installieren…</translation>
    </message>
    <message>
        <source>Delete its files, after a question</source>
        <translation>Die Dateien löschen, nach einer Frage</translation>
    </message>
    <message>
        <source>Check its files, and bring back what is missing</source>
        <translation>Die Dateien prüfen und Fehlendes wiederherstellen</translation>
    </message>
    <message>
        <source>Use it now, and in every new window</source>
        <translation>Jetzt und in jedem neuen Fenster benutzen</translation>
    </message>
    <message>
        <source>Use it in this window, until AVSep is closed</source>
        <translation>In diesem Fenster benutzen, bis AVSep geschlossen wird</translation>
    </message>
</context>
<context>
    <name>ModelDesk</name>
    <message>
        <source>{0}, default</source>
        <translation>{0}, Standard</translation>
    </message>
    <message>
        <source>The model {0} is not installed any more; {1} computes voices now.</source>
        <translation>Das Modell {0} ist nicht mehr installiert; jetzt berechnet {1} die Stimmen.</translation>
    </message>
    <message>
        <source>The model {0} is installed.</source>
        <translation>Das Modell {0} ist installiert.</translation>
    </message>
    <message>
        <source>Use it</source>
        <translation>Benutzen</translation>
    </message>
    <message>
        <source>Models…</source>
        <translation>Modelle…</translation>
    </message>
    <message>
        <source>Whole file ({0})</source>
        <translation>Ganze Datei ({0})</translation>
    </message>
    <message>
        <source>Only the selection, {0}, is computed at first ({1}).</source>
        <translation>Zuerst wird nur die Auswahl {0} berechnet ({1}).</translation>
    </message>
    <message>
        <source>Only {0} is computed at first ({1}); select what you want to hear.</source>
        <translation>Zuerst wird nur {0} berechnet ({1}); was zu hören sein soll, auswählen.</translation>
    </message>
    <message>
        <source>{0} takes {1} here.</source>
        <translation>{0} braucht hier {1}.</translation>
    </message>
</context>
<context>
    <name>ModelWords</name>
    <message>
        <source>Download about {1} for {0}?</source>
        <translation>Etwa {1} für {0} herunterladen?</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>Guest engine: made by others, runs in a process of its own</source>
        <translation>Gastmodell: von anderen gemacht, läuft in einem eigenen Prozess</translation>
    </message>
    <message>
        <source>Imported by you</source>
        <translation>Selbst importiert</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>Licence: {0}</source>
        <translation>Lizenz: {0}</translation>
    </message>
    <message>
        <source>Made for AVSep, comes with it</source>
        <translation>Für AVSep gemacht, kommt mit ihm</translation>
    </message>
    <message>
        <source>Nothing of yours is sent. AVSep uses the network for this download only.</source>
        <translation>Nichts Eigenes wird gesendet. AVSep benutzt das Netz nur für diesen Download.</translation>
    </message>
    <message>
        <source>Quality</source>
        <translation>Güte</translation>
    </message>
    <message>
        <source>Repair {0}? About {1} will be downloaded.</source>
        <translation>{0} reparieren? Etwa {1} werden heruntergeladen.</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Speed here</source>
        <translation>Tempo hier</translation>
    </message>
    <message>
        <source>Speed: {0}</source>
        <translation>Tempo: {0}</translation>
    </message>
    <message>
        <source>Trained on</source>
        <translation>Gelernt an</translation>
    </message>
    <message>
        <source>Without a GPU: {0} s of one processor core for each second of one voice.</source>
        <translation>Ohne GPU: {0} s eines Prozessorkerns je Sekunde einer Stimme.</translation>
    </message>
    <message>
        <source>about as fast as real time</source>
        <translation>etwa so schnell wie Echtzeit</translation>
    </message>
    <message>
        <source>about {0} s for each second of one voice</source>
        <translation>etwa {0} s je Sekunde einer Stimme</translation>
    </message>
    <message>
        <source>about {0} to be downloaded</source>
        <translation>etwa {0} herunterzuladen</translation>
    </message>
    <message>
        <source>about {0} × faster than real time</source>
        <translation>etwa {0} × schneller als Echtzeit</translation>
    </message>
    <message>
        <source>estimated for this computer</source>
        <translation>für diesen Rechner geschätzt</translation>
    </message>
    <message>
        <source>measured on this computer</source>
        <translation>auf diesem Rechner gemessen</translation>
    </message>
    <message>
        <source>not told</source>
        <translation>nicht angegeben</translation>
    </message>
    <message>
        <source>nothing has to be downloaded</source>
        <translation>nichts ist herunterzuladen</translation>
    </message>
    <message>
        <source>speed not known</source>
        <translation>Tempo nicht bekannt</translation>
    </message>
    <message>
        <source>speed not known here yet</source>
        <translation>Tempo hier noch nicht bekannt</translation>
    </message>
    <message>
        <source>{0} (weights and program)</source>
        <translation>{0} (Gewichte und Programm)</translation>
    </message>
    <message>
        <source>{0} (weights), {1} (program)</source>
        <translation>{0} (Gewichte), {1} (Programm)</translation>
    </message>
    <message>
        <source>{0} million parameters</source>
        <translation>{0} Millionen Parameter</translation>
    </message>
    <message>
        <source>{0} on the disk</source>
        <translation>{0} auf der Platte</translation>
    </message>
    <message>
        <source>{0} parameters</source>
        <translation>{0} Parameter</translation>
    </message>
    <message>
        <source>{0} s per second</source>
        <translation>{0} s je Sekunde</translation>
    </message>
    <message>
        <source>{0} × real time</source>
        <translation>{0} × Echtzeit</translation>
    </message>
    <message>
        <source>{0} – published by its authors, not measured by us</source>
        <translation>{0} – von den Urhebern veröffentlicht, nicht von uns gemessen</translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Dismiss</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>Dismiss this message</source>
        <translation>Diese Meldung ausblenden</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
</context>
<context>
    <name>Pace</name>
    <message>
        <source>a few seconds left</source>
        <translation>noch einige Sekunden</translation>
    </message>
    <message>
        <source>about {0} s left</source>
        <translation>noch etwa {0} s</translation>
    </message>
    <message>
        <source>about {0} min left</source>
        <translation>noch etwa {0} min</translation>
    </message>
    <message>
        <source>about {0} h left</source>
        <translation>noch etwa {0} h</translation>
    </message>
</context>
<context>
    <name>PagedDialog</name>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
</context>
<context>
    <name>PeopleDesk</name>
    <message>
        <source>&amp;Rename…</source>
        <translation>&amp;Umbenennen…</translation>
    </message>
    <message>
        <source>&amp;This here is not {0}, but</source>
        <translation>&amp;Hier ist nicht {0}, sondern</translation>
    </message>
    <message>
        <source>Somebody &amp;new</source>
        <translation>Jemand &amp;Neues</translation>
    </message>
    <message>
        <source>{0} is the &amp;same person as</source>
        <translation>{0} ist dieselbe &amp;Person wie</translation>
    </message>
    <message>
        <source>From here on {0} &amp;changes places with</source>
        <translation>{0} &amp;tauscht ab hier mit</translation>
    </message>
    <message>
        <source>From here on it is somebody &amp;new</source>
        <translation>Ab hier ist es jemand &amp;Neues</translation>
    </message>
    <message>
        <source>&amp;Hide {0}</source>
        <translation>{0} &amp;ausblenden</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>A photo of the person</source>
        <translation>Ein Foto der Person</translation>
    </message>
    <message>
        <source>Looking for the person of {0}</source>
        <translation>Die Person aus {0} wird gesucht</translation>
    </message>
    <message>
        <source>{0} looks like the person in {1}.</source>
        <translation>{0} sieht aus wie die Person in {1}.</translation>
    </message>
    <message>
        <source>{0} comes nearest.</source>
        <translation>{0} kommt am nächsten.</translation>
    </message>
    <message>
        <source>Pick {0}</source>
        <translation>{0} wählen</translation>
    </message>
    <message>
        <source>Nobody in this video looks like the person in {0}.</source>
        <translation>Niemand in diesem Video sieht aus wie die Person in {0}.</translation>
    </message>
    <message>
        <source>{0} is hidden.</source>
        <translation>{0} ist ausgeblendet.</translation>
    </message>
    <message>
        <source>Corrected: {0}.</source>
        <translation>Korrigiert: {0}.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
</context>
<context>
    <name>PeoplePanel</name>
    <message>
        <source>PEOPLE</source>
        <translation>PERSONEN</translation>
    </message>
    <message>
        <source>Search again</source>
        <translation>Erneut suchen</translation>
    </message>
    <message>
        <source>Search the picture for people once more</source>
        <translation>Das Bild noch einmal nach Personen absuchen</translation>
    </message>
    <message>
        <source>Open another video…</source>
        <translation>Anderes Video öffnen…</translation>
    </message>
    <message>
        <source>Show {0} again</source>
        <translation>{0} wieder einblenden</translation>
    </message>
    <message>
        <source>Opening the file…</source>
        <translation>Die Datei wird geöffnet …</translation>
    </message>
    <message>
        <source>Looking for people in the picture…</source>
        <translation>Das Bild wird nach Personen abgesucht…</translation>
    </message>
    <message>
        <source>No face was found. A voice is found by the face, so someone must be seen talking: larger than about 40 pixels, from the front or half side.</source>
        <translation>Es wurde kein Gesicht gefunden. Eine Stimme wird über das Gesicht gefunden; jemand muss also sprechend zu sehen sein: größer als etwa 40 Pixel, von vorn oder halb von der Seite.</translation>
    </message>
    <message>
        <source>These people are seen, but the file has no sound to hear them by.</source>
        <translation>Diese Personen sind zu sehen, aber die Datei hat keinen Ton, in dem sie zu hören wären.</translation>
    </message>
    <message>
        <source>Click the person you want to hear, in the picture or here.</source>
        <translation>Die Person anklicken, die zu hören sein soll, im Bild oder hier.</translation>
    </message>
    <message>
        <source>The search for people was stopped.</source>
        <translation>Die Suche nach Personen wurde angehalten.</translation>
    </message>
</context>
<context>
    <name>PersonRow</name>
    <message>
        <source>Name of {0}</source>
        <translation>Name von {0}</translation>
    </message>
    <message>
        <source>Picture of {0}</source>
        <translation>Bild von {0}</translation>
    </message>
    <message>
        <source>{0}, picked</source>
        <translation>{0}, gewählt</translation>
    </message>
    <message>
        <source>Hear only {0}</source>
        <translation>Nur {0} hören</translation>
    </message>
    <message>
        <source>Hear only {0} ({1})</source>
        <translation>Nur {0} hören ({1})</translation>
    </message>
    <message>
        <source>Correct {0}</source>
        <translation>{0} korrigieren</translation>
    </message>
    <message>
        <source>Wrong person, same person, hide…</source>
        <translation>Falsche Person, dieselbe Person, ausblenden…</translation>
    </message>
    <message>
        <source>{0} % of this voice is computed</source>
        <translation>{0} % dieser Stimme sind berechnet</translation>
    </message>
    <message>
        <source>on screen {0}</source>
        <translation>im Bild {0}</translation>
    </message>
    <message>
        <source>speaks {0}{1}</source>
        <translation>spricht {0}{1}</translation>
    </message>
    <message>
        <source>On screen {0}, speaks {1}
</source>
        <translation>Im Bild {0}, spricht {1}
</translation>
    </message>
</context>
<context>
    <name>PersonWords</name>
    <message>
        <source>left</source>
        <translation>links</translation>
    </message>
    <message>
        <source>right</source>
        <translation>rechts</translation>
    </message>
    <message>
        <source>middle</source>
        <translation>Mitte</translation>
    </message>
    <message>
        <source>is not seen to speak</source>
        <translation>ist nicht sprechend zu sehen</translation>
    </message>
    <message>
        <source>{0} to {1}</source>
        <translation>{0} bis {1}</translation>
    </message>
    <message>
        <source>speaks {0}</source>
        <translation>spricht {0}</translation>
    </message>
    <message>
        <source> and </source>
        <translation> und </translation>
    </message>
    <message>
        <source>{0} and {1} times more</source>
        <translation>{0} und weitere {1} Mal</translation>
    </message>
</context>
<context>
    <name>Player</name>
    <message>
        <source>The sound device does not answer. Playing without sound.</source>
        <translation>Das Tongerät antwortet nicht. Wiedergabe ohne Ton.</translation>
    </message>
    <message>
        <source>There is no sound device on this computer. Playing without sound.</source>
        <translation>An diesem Rechner ist kein Tongerät. Wiedergabe ohne Ton.</translation>
    </message>
</context>
<context>
    <name>PreferencesDesk</name>
    <message>
        <source>Open a video</source>
        <translation>Ein Video öffnen</translation>
    </message>
    <message>
        <source>Click to rename</source>
        <translation>Zum Umbenennen klicken</translation>
    </message>
    <message>
        <source>What is being computed</source>
        <translation>Was gerade berechnet wird</translation>
    </message>
    <message>
        <source>Click to choose another one; all models</source>
        <translation>Klicken, um ein anderes zu wählen; alle Modelle</translation>
    </message>
    <message>
        <source>A/B compares</source>
        <translation>A/B vergleicht</translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>Computing</source>
        <translation>Berechnung</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>Hoher Kontrast</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Colours: {0}</source>
        <translation>Farben: {0}</translation>
    </message>
    <message>
        <source>{0} %</source>
        <translation>{0} %</translation>
    </message>
    <message>
        <source>&amp;Size of text</source>
        <translation>Schrift&amp;größe</translation>
    </message>
    <message>
        <source>Reduce motion</source>
        <translation>Weniger Bewegung</translation>
    </message>
    <message>
        <source>Menus open at once, and the wave beside a speaking person&apos;s name stands still.</source>
        <translation>Menüs öffnen sofort, und die Welle neben dem Namen einer sprechenden Person steht still.</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Sprache</translation>
    </message>
    <message>
        <source>Takes effect when AVSep is started again.</source>
        <translation>Gilt nach dem nächsten Start von AVSep.</translation>
    </message>
    <message>
        <source>For work that begins from now on; work under way stays where it is.</source>
        <translation>Gilt für Arbeit, die ab jetzt beginnt; laufende Arbeit bleibt, wo sie ist.</translation>
    </message>
    <message>
        <source>The fastest available</source>
        <translation>Das schnellste verfügbare</translation>
    </message>
    <message>
        <source>Now {0} ({1}).</source>
        <translation>Jetzt {0} ({1}).</translation>
    </message>
    <message>
        <source>&amp;Voices are computed on</source>
        <translation>&amp;Stimmen werden berechnet auf</translation>
    </message>
    <message>
        <source>The processor (CPU)</source>
        <translation>Der Prozessor (CPU)</translation>
    </message>
    <message>
        <source>{0} (not found)</source>
        <translation>{0} (nicht gefunden)</translation>
    </message>
    <message>
        <source>Looking at this computer…</source>
        <translation>Rechner wird angesehen…</translation>
    </message>
</context>
<context>
    <name>Preflight</name>
    <message>
        <source>About {0} of {1} free, {2}.</source>
        <translation>Etwa {0} von {1} frei, {2}.</translation>
    </message>
    <message>
        <source>About {0} of {1} free, {2}; ready in {3}.</source>
        <translation>Etwa {0} von {1} frei, {2}; fertig in {3}.</translation>
    </message>
    <message>
        <source>About {0} of {1} free, {2}; the voice is computed already.</source>
        <translation>Etwa {0} von {1} frei, {2}; die Stimme ist schon berechnet.</translation>
    </message>
    <message>
        <source>Lips and voice hardly agree at {0}: listen to it before.</source>
        <translation>Lippen und Stimme passen bei {0} kaum zusammen: vorher anhören.</translation>
    </message>
    <message>
        <source>Lips and voice hardly agree in {0} places, first at {1}: check by ear.</source>
        <translation>Lippen und Stimme passen an {0} Stellen kaum zusammen, zuerst bei {1}: dort hineinhören.</translation>
    </message>
    <message>
        <source>Opus knows few rates: the sound becomes 48 kHz, not {0:g} kHz.</source>
        <translation>Opus kennt wenige Raten: der Ton bekommt 48 kHz, nicht {0:g} kHz.</translation>
    </message>
    <message>
        <source>Select a stretch on the time line for less.</source>
        <translation>Für weniger ein Stück auf der Zeitleiste auswählen.</translation>
    </message>
    <message>
        <source>The face is small in the picture ({0} pixels): the close-up will not be sharp.</source>
        <translation>Das Gesicht ist klein im Bild ({0} Pixel): die Nahaufnahme wird nicht scharf.</translation>
    </message>
    <message>
        <source>The folder {0} exists already: files of the same names in it are replaced.</source>
        <translation>Den Ordner {0} gibt es schon: Dateien mit gleichem Namen darin werden ersetzt.</translation>
    </message>
    <message>
        <source>The whole file takes {0} with {1} on this computer.</source>
        <translation>Die ganze Datei braucht mit {1} auf diesem Rechner {0}.</translation>
    </message>
    <message>
        <source>Tick “Only the selection” for less.</source>
        <translation>Für weniger „Nur die Auswahl“ ankreuzen.</translation>
    </message>
    <message>
        <source>With another loudness, voice and everyone else no longer add up to the original.</source>
        <translation>Mit anderer Lautheit ergeben Stimme und alle anderen zusammen nicht mehr das Original.</translation>
    </message>
    <message>
        <source>the film</source>
        <translation>der Film</translation>
    </message>
    <message>
        <source>the selection</source>
        <translation>die Auswahl</translation>
    </message>
    <message>
        <source>{0} cannot hold all that is in this file; picture and sound are kept.</source>
        <translation>{0} kann nicht alles aus dieser Datei aufnehmen; Bild und Ton bleiben.</translation>
    </message>
    <message>
        <source>{0} cannot hold these subtitles: choose MKV to keep them.</source>
        <translation>{0} kann diese Untertitel nicht aufnehmen: MKV wählen, um sie zu behalten.</translation>
    </message>
    <message>
        <source>{0} cannot hold this picture unchanged: choose {1}.</source>
        <translation>{0} kann dieses Bild nicht unverändert aufnehmen: {1} wählen.</translation>
    </message>
    <message>
        <source>{0} does not take the original sound as it is: it is encoded anew.</source>
        <translation>{0} nimmt den Originalton nicht, wie er ist: er wird neu kodiert.</translation>
    </message>
    <message>
        <source>{0} exists already.</source>
        <translation>{0} gibt es schon.</translation>
    </message>
    <message>
        <source>{0} is not seen in {1}: the voice is silent there.</source>
        <translation>{0} ist in {1} nicht zu sehen: die Stimme ist dort still.</translation>
    </message>
    <message>
        <source>{0} is not seen in {1}: there is no face to follow.</source>
        <translation>{0} ist in {1} nicht zu sehen: es gibt kein Gesicht, dem zu folgen ist.</translation>
    </message>
    <message>
        <source>{0} is seen in {1} % of {2}; the rest is silent and shows the whole picture.</source>
        <translation>{0} ist in {1} % von {2} zu sehen; der Rest ist still und zeigt das ganze Bild.</translation>
    </message>
    <message>
        <source>{0} is seen in {1} % of {2}; the voice is silent in the rest.</source>
        <translation>{0} ist in {1} % von {2} zu sehen; im Rest ist die Stimme still.</translation>
    </message>
</context>
<context>
    <name>PresetBar</name>
    <message>
        <source>Preset</source>
        <translation>Vorlage</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>Speichern als…</translation>
    </message>
    <message>
        <source>Keep these choices under a name</source>
        <translation>Diese Wahl unter einem Namen behalten</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Custom</source>
        <translation>Eigene Wahl</translation>
    </message>
    <message>
        <source>Delete the preset {0}</source>
        <translation>Die Vorlage {0} löschen</translation>
    </message>
    <message>
        <source>Delete a preset</source>
        <translation>Eine Vorlage löschen</translation>
    </message>
    <message>
        <source>Save as preset</source>
        <translation>Als Vorlage speichern</translation>
    </message>
    <message>
        <source>Name of the preset</source>
        <translation>Name der Vorlage</translation>
    </message>
</context>
<context>
    <name>Project</name>
    <message>
        <source>Choose a file with .avsep.</source>
        <translation>Eine Datei mit .avsep wählen.</translation>
    </message>
    <message>
        <source>Choose another file, or open the video itself.</source>
        <translation>Eine andere Datei wählen oder das Video selbst öffnen.</translation>
    </message>
    <message>
        <source>Choose another file.</source>
        <translation>Eine andere Datei wählen.</translation>
    </message>
    <message>
        <source>Open it with the newer AVSep, or open the video itself.</source>
        <translation>Mit dem neueren AVSep öffnen oder das Video selbst öffnen.</translation>
    </message>
    <message>
        <source>The project “{0}” cannot be read: {1}.</source>
        <translation>Das Projekt „{0}“ kann nicht gelesen werden: {1}.</translation>
    </message>
    <message>
        <source>The project “{0}” is damaged: what it says for “{1}” makes no sense.</source>
        <translation>Das Projekt „{0}“ ist beschädigt: was darin zu „{1}“ steht, ergibt keinen Sinn.</translation>
    </message>
    <message>
        <source>There is no project at {0}.</source>
        <translation>In {0} ist kein Projekt.</translation>
    </message>
    <message>
        <source>“{0}” is a folder or a device, not a project.</source>
        <translation>„{0}“ ist ein Ordner oder ein Gerät, kein Projekt.</translation>
    </message>
    <message>
        <source>“{0}” is no project of AVSep, or it is damaged: it cannot be read as one.</source>
        <translation>„{0}“ ist kein Projekt von AVSep oder beschädigt: es kann nicht als solches gelesen werden.</translation>
    </message>
    <message>
        <source>“{0}” is no project of AVSep.</source>
        <translation>„{0}“ ist kein Projekt von AVSep.</translation>
    </message>
    <message>
        <source>“{0}” is no project of AVSep: it is larger than {1} MB.</source>
        <translation>„{0}“ ist kein Projekt von AVSep: es ist größer als {1} MB.</translation>
    </message>
    <message>
        <source>“{0}” was made by a newer AVSep: version {1}; this one reads {2}.</source>
        <translation>„{0}“ wurde von einem neueren AVSep gemacht: Version {1}; dieses liest {2}.</translation>
    </message>
</context>
<context>
    <name>ProjectDesk</name>
    <message>
        <source>Videos and projects ({0});;All files (*)</source>
        <translation>Videos und Projekte ({0});;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Open a video or project</source>
        <translation>Video oder Projekt öffnen</translation>
    </message>
    <message>
        <source>Projects ({0})</source>
        <translation>Projekte ({0})</translation>
    </message>
    <message>
        <source>Save project as</source>
        <translation>Projekt speichern unter</translation>
    </message>
    <message>
        <source>There is already a “{0}” in that folder.</source>
        <translation>In diesem Ordner gibt es schon „{0}“.</translation>
    </message>
    <message>
        <source>Choose another name…</source>
        <translation>Anderen Namen wählen…</translation>
    </message>
    <message>
        <source>Find it…</source>
        <translation>Suchen…</translation>
    </message>
    <message>
        <source>Use it anyway</source>
        <translation>Trotzdem benutzen</translation>
    </message>
    <message>
        <source>Save project as…</source>
        <translation>Projekt speichern unter…</translation>
    </message>
    <message>
        <source>Saved {0}.</source>
        <translation>{0} gespeichert.</translation>
    </message>
    <message>
        <source>AVSep ended unexpectedly while {0} was open; what was not saved is kept.</source>
        <translation>AVSep wurde unerwartet beendet, während {0} offen war; was nicht gespeichert war, ist noch da.</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>Wiederherstellen</translation>
    </message>
    <message>
        <source>Find {0}</source>
        <translation>{0} suchen</translation>
    </message>
    <message>
        <source>Videos ({0});;All files (*)</source>
        <translation>Videos ({0});;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Your changes could not be saved; go on with {0}?</source>
        <translation>Die Änderungen konnten nicht gespeichert werden; mit {0} weitermachen?</translation>
    </message>
    <message>
        <source>AVSep ended unexpectedly; go on with {0}?</source>
        <translation>AVSep wurde unerwartet beendet; mit {0} weitermachen?</translation>
    </message>
    <message>
        <source>Kept at {0}: pick, names, selection and place.</source>
        <translation>Erhalten von {0}: Wahl, Namen, Auswahl und Stelle.</translation>
    </message>
</context>
<context>
    <name>Projects</name>
    <message>
        <source>What you do cannot be kept safe from a crash: {0}. Save the project now and then.</source>
        <translation>Was hier geschieht, kann nicht vor einem Absturz gesichert werden: {0}. Das Projekt ab und zu speichern.</translation>
    </message>
    <message>
        <source>“{0}” cannot be read. Choose another file.</source>
        <translation>„{0}“ kann nicht gelesen werden. Eine andere Datei wählen.</translation>
    </message>
    <message>
        <source>{0} has changed since the project was saved; the people in it were looked for again.</source>
        <translation>{0} wurde geändert, seit das Projekt gespeichert wurde; die Personen darin wurden neu gesucht.</translation>
    </message>
    <message>
        <source>Who is who was corrected for other faces than these; that was dropped.</source>
        <translation>Wer wer ist, wurde für andere Gesichter als diese korrigiert; das wurde fallen gelassen.</translation>
    </message>
    <message>
        <source>Person {0}</source>
        <translation>Person {0}</translation>
    </message>
    <message>
        <source>{0} and {1}</source>
        <translation>{0} und {1}</translation>
    </message>
    <message>
        <source>{0} is not among the people in {1} any more and was dropped.</source>
        <translation>{0} ist nicht mehr unter den Personen in {1} und wurde fallen gelassen.</translation>
    </message>
    <message>
        <source>{0} are not among the people in {1} any more and were dropped.</source>
        <translation>{0} sind nicht mehr unter den Personen in {1} und wurden fallen gelassen.</translation>
    </message>
    <message>
        <source>The model {0} of this project is not installed; {1} computes voices.</source>
        <translation>Das Modell {0} dieses Projekts ist nicht installiert; {1} berechnet die Stimmen.</translation>
    </message>
    <message>
        <source>The project {0} was changed by another window or program meanwhile.</source>
        <translation>Das Projekt {0} wurde inzwischen von einem anderen Fenster oder Programm geändert.</translation>
    </message>
    <message>
        <source>Save it under another name, or over the other one.</source>
        <translation>Unter einem anderen Namen speichern oder über das andere.</translation>
    </message>
    <message>
        <source>The project cannot be saved as {0}: {1}.</source>
        <translation>Das Projekt kann nicht als {0} gespeichert werden: {1}.</translation>
    </message>
    <message>
        <source>Save it in another folder.</source>
        <translation>In einem anderen Ordner speichern.</translation>
    </message>
</context>
<context>
    <name>QuestionBox</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>From a file…</source>
        <translation>Aus einer Datei…</translation>
    </message>
    <message>
        <source>Packages from a folder…</source>
        <translation>Pakete aus einem Ordner…</translation>
    </message>
    <message>
        <source>Take the weights from a file that you have already</source>
        <translation>Die Gewichte aus einer Datei nehmen, die schon da ist</translation>
    </message>
    <message>
        <source>Take the packages from a folder that you have already</source>
        <translation>Die Pakete aus einem Ordner nehmen, der schon da ist</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove {0}?</source>
        <translation>{0} entfernen?</translation>
    </message>
    <message>
        <source>Its files here ({0}) are deleted.</source>
        <translation>Die Dateien hier ({0}) werden gelöscht.</translation>
    </message>
    <message>
        <source>Your own file stays.</source>
        <translation>Die eigene Datei bleibt.</translation>
    </message>
    <message>
        <source>It can be added again later.</source>
        <translation>Es kann später wieder hinzugefügt werden.</translation>
    </message>
    <message>
        <source>From then on, {0} computes the voices of this window.</source>
        <translation>Danach berechnet {0} die Stimmen dieses Fensters.</translation>
    </message>
</context>
<context>
    <name>ReadOut</name>
    <message>
        <source>nobody speaking</source>
        <translation>niemand spricht</translation>
    </message>
    <message>
        <source>{0}: speaking</source>
        <translation>{0}: spricht</translation>
    </message>
    <message>
        <source>{0}: seen, not speaking</source>
        <translation>{0}: zu sehen, spricht nicht</translation>
    </message>
    <message>
        <source>{0}: not seen</source>
        <translation>{0}: nicht zu sehen</translation>
    </message>
    <message>
        <source>lips and voice: {0}</source>
        <translation>Lippen und Stimme: {0}</translation>
    </message>
    <message>
        <source>silent</source>
        <translation>still</translation>
    </message>
    <message>
        <source>original {0}</source>
        <translation>Original {0}</translation>
    </message>
    <message>
        <source>voice {0}</source>
        <translation>Stimme {0}</translation>
    </message>
</context>
<context>
    <name>RecoveryCard</name>
    <message>
        <source>Discard</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Forget what was not saved; the video and saved projects stay as they are</source>
        <translation>Vergessen, was nicht gespeichert war; das Video und gespeicherte Projekte bleiben, wie sie sind</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>Wiederherstellen</translation>
    </message>
</context>
<context>
    <name>ReportDialog</name>
    <message>
        <source>Export report</source>
        <translation>Bericht zum Export</translation>
    </message>
    <message>
        <source>Copy the report</source>
        <translation>Den Bericht kopieren</translation>
    </message>
    <message>
        <source>Open the file</source>
        <translation>Datei öffnen</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
</context>
<context>
    <name>ShelfClient</name>
    <message>
        <source>Adding {0}</source>
        <translation>{0} wird hinzugefügt</translation>
    </message>
    <message>
        <source>An export is using the model {0}.</source>
        <translation>Ein Export benutzt das Modell {0}.</translation>
    </message>
    <message>
        <source>Wait until it is done, or cancel it.</source>
        <translation>Warten, bis er fertig ist, oder ihn abbrechen.</translation>
    </message>
    <message>
        <source>Removing {0}</source>
        <translation>{0} wird entfernt</translation>
    </message>
    <message>
        <source>Importing {0}</source>
        <translation>{0} wird importiert</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Hält an</translation>
    </message>
</context>
<context>
    <name>ShelfDialog</name>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>A model computes the voices, on this computer. What one has computed is kept when you try another. Nothing is downloaded before you say yes.</source>
        <translation>Ein Modell berechnet die Stimmen, auf diesem Rechner. Was eines berechnet hat, bleibt, wenn ein anderes versucht wird. Nichts wird ohne Zustimmung heruntergeladen.</translation>
    </message>
    <message>
        <source>Import a model…</source>
        <translation>Modell importieren…</translation>
    </message>
    <message>
        <source>A .safetensors file, with its .json description beside it</source>
        <translation>Eine Datei .safetensors, mit ihrer Beschreibung .json daneben</translation>
    </message>
    <message>
        <source>Import</source>
        <translation>Import</translation>
    </message>
    <message>
        <source>Weights of {0}</source>
        <translation>Gewichte von {0}</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Folder with the packages of {0}</source>
        <translation>Ordner mit den Paketen von {0}</translation>
    </message>
    <message>
        <source>Models (*.safetensors)</source>
        <translation>Modelle (*.safetensors)</translation>
    </message>
    <message>
        <source>Import a model</source>
        <translation>Modell importieren</translation>
    </message>
</context>
<context>
    <name>SpectrogramMenu</name>
    <message>
        <source>&amp;Spectrograms</source>
        <translation>Sp&amp;ektrogramme</translation>
    </message>
    <message>
        <source>&amp;Mel scale, as one hears</source>
        <translation>&amp;Mel-Skala, wie man hört</translation>
    </message>
    <message>
        <source>&amp;Logarithmic scale, by octaves</source>
        <translation>&amp;Logarithmische Skala, nach Oktaven</translation>
    </message>
    <message>
        <source>L&amp;inear scale</source>
        <translation>Li&amp;neare Skala</translation>
    </message>
    <message>
        <source>Colours: M&amp;agma</source>
        <translation>Farben: Ma&amp;gma</translation>
    </message>
    <message>
        <source>Colours: &amp;Viridis</source>
        <translation>Farben: &amp;Viridis</translation>
    </message>
    <message>
        <source>Colours: &amp;Grey</source>
        <translation>Farben: G&amp;rau</translation>
    </message>
</context>
<context>
    <name>StartView</name>
    <message>
        <source>Hear one person in a video</source>
        <translation>Nur eine Person hören</translation>
    </message>
    <message>
        <source>Drop a video here, click a face, and hear that voice alone.
Nothing leaves this computer.</source>
        <translation>Ein Video hierher ziehen, ein Gesicht anklicken, die Stimme allein hören.
Nichts verlässt diesen Rechner.</translation>
    </message>
    <message>
        <source>Open a video…</source>
        <translation>Video öffnen…</translation>
    </message>
    <message>
        <source>Try the sample</source>
        <translation>Das Beispiel versuchen</translation>
    </message>
    <message>
        <source>Two people talk at once: pick one</source>
        <translation>Zwei Personen sprechen zugleich: eine wählen</translation>
    </message>
    <message>
        <source>RECENT</source>
        <translation>ZULETZT</translation>
    </message>
    <message>
        <source>Recent videos and projects</source>
        <translation>Zuletzt geöffnete Videos und Projekte</translation>
    </message>
</context>
<context>
    <name>StoragePage</name>
    <message>
        <source>What was computed is kept, so that a video is ready at once when it is opened again. Deleting it loses nothing but time: it is computed again when it is needed.</source>
        <translation>Was berechnet wurde, bleibt, damit ein Video beim nächsten Öffnen sofort bereit ist. Löschen kostet nur Zeit: es wird neu berechnet, wenn es gebraucht wird.</translation>
    </message>
    <message>
        <source>Keep at &amp;most</source>
        <translation>&amp;Höchstens behalten</translation>
    </message>
    <message>
        <source>Beyond that, what was not used for longest goes first. What was used in the last hour stays.</source>
        <translation>Darüber geht zuerst, was am längsten nicht benutzt wurde. Was in der letzten Stunde benutzt wurde, bleibt.</translation>
    </message>
    <message>
        <source>Where it is</source>
        <translation>Wo es ist</translation>
    </message>
    <message>
        <source>What was computed</source>
        <translation>Was berechnet wurde</translation>
    </message>
    <message>
        <source>Added models and unsaved projects</source>
        <translation>Hinzugefügte Modelle und nicht gespeicherte Projekte</translation>
    </message>
    <message>
        <source>Counting…</source>
        <translation>Wird gezählt…</translation>
    </message>
    <message>
        <source>Sound of the videos</source>
        <translation>Ton der Videos</translation>
    </message>
    <message>
        <source>Faces that were found</source>
        <translation>Gefundene Gesichter</translation>
    </message>
    <message>
        <source>Voices</source>
        <translation>Stimmen</translation>
    </message>
    <message>
        <source>Everything else, such as measured speeds</source>
        <translation>Alles Übrige, etwa gemessenes Tempo</translation>
    </message>
    <message>
        <source>All of it</source>
        <translation>Alles zusammen</translation>
    </message>
    <message>
        <source>Clear all…</source>
        <translation>Alles leeren…</translation>
    </message>
    <message>
        <source>Clear…</source>
        <translation>Leeren…</translation>
    </message>
    <message>
        <source>Clear: {0}</source>
        <translation>Leeren: {0}</translation>
    </message>
    <message>
        <source>{0} of at most {1}</source>
        <translation>{0} von höchstens {1}</translation>
    </message>
    <message>
        <source>Space taken: {0}</source>
        <translation>Belegter Platz: {0}</translation>
    </message>
    <message>
        <source>Added models and unsaved projects: {0}</source>
        <translation>Hinzugefügte Modelle und nicht gespeicherte Projekte: {0}</translation>
    </message>
    <message numerus="yes">
        <source>%n folder(s) could not be read, so there may be more.</source>
        <translation>
            <numerusform>%n Ordner konnte nicht gelesen werden, es ist also vielleicht mehr.</numerusform>
            <numerusform>%n Ordner konnten nicht gelesen werden, es ist also vielleicht mehr.</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete the sound of the videos ({0})?</source>
        <translation>Den Ton der Videos löschen ({0})?</translation>
    </message>
    <message>
        <source>Delete the faces that were found ({0})?</source>
        <translation>Die gefundenen Gesichter löschen ({0})?</translation>
    </message>
    <message>
        <source>Delete the voices ({0})?</source>
        <translation>Die Stimmen löschen ({0})?</translation>
    </message>
    <message>
        <source>Delete everything else ({0})?</source>
        <translation>Alles Übrige löschen ({0})?</translation>
    </message>
    <message>
        <source>Delete all that was computed ({0})?</source>
        <translation>Alles löschen, was berechnet wurde ({0})?</translation>
    </message>
    <message>
        <source>Your videos, projects and exports stay.</source>
        <translation>Eigene Videos, Projekte und Exporte bleiben.</translation>
    </message>
    <message>
        <source>What is under way ({0}) goes on, and what it uses stays.</source>
        <translation>Was gerade läuft ({0}), geht weiter, und was es benutzt, bleibt.</translation>
    </message>
    <message>
        <source>What the open video uses stays too.</source>
        <translation>Was das offene Video benutzt, bleibt auch.</translation>
    </message>
    <message>
        <source>If another window of AVSep, or the command line, is at work, wait until it is done.</source>
        <translation>Arbeitet AVSep noch in einem anderen Fenster oder auf der Befehlszeile, warten, bis das fertig ist.</translation>
    </message>
    <message>
        <source>Deleting…</source>
        <translation>Wird gelöscht…</translation>
    </message>
    <message>
        <source>{0} deleted.</source>
        <translation>{0} gelöscht.</translation>
    </message>
    <message>
        <source>{0} in use; that stays.</source>
        <translation>{0} in Benutzung; das bleibt.</translation>
    </message>
    <message>
        <source>{0} could not be deleted: another program uses it, or permission is missing.</source>
        <translation>{0} konnten nicht gelöscht werden: ein anderes Programm benutzt sie, oder die Erlaubnis fehlt.</translation>
    </message>
</context>
<context>
    <name>TimelineView</name>
    <message>
        <source>Time line with waveform, spectrograms and people</source>
        <translation>Zeitleiste mit Wellenform, Spektrogrammen und Personen</translation>
    </message>
    <message>
        <source>Levels in dB; 0 dB is full scale. Click to choose the scale and the colours.</source>
        <translation>Pegel in dB; 0 dB ist Vollaussteuerung. Klicken, um Skala und Farben zu wählen.</translation>
    </message>
</context>
<context>
    <name>TransportBar</name>
    <message>
        <source>Position</source>
        <translation>Stelle</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Länge</translation>
    </message>
    <message>
        <source>No sound device</source>
        <translation>Kein Tongerät</translation>
    </message>
</context>
<context>
    <name>VideoView</name>
    <message>
        <source>Picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Opening…</source>
        <translation>Wird geöffnet …</translation>
    </message>
    <message>
        <source>Finding people…</source>
        <translation>Personen werden gesucht…</translation>
    </message>
    <message>
        <source>No face was found in this video</source>
        <translation>In diesem Video wurde kein Gesicht gefunden</translation>
    </message>
    <message>
        <source>There is no picture in this file</source>
        <translation>In dieser Datei ist kein Bild</translation>
    </message>
</context>
<context>
    <name>VoiceCalls</name>
    <message>
        <source>Voice of {0}, whole file</source>
        <translation>Stimme von {0}, ganze Datei</translation>
    </message>
    <message>
        <source>Selection of {0}</source>
        <translation>Auswahl von {0}</translation>
    </message>
    <message>
        <source>Preview of {0}</source>
        <translation>Vorschau von {0}</translation>
    </message>
    <message>
        <source>Bringing back the voice of {0}</source>
        <translation>Die Stimme von {0} wird zurückgeholt</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>not known yet</source>
        <translation>noch nicht bekannt</translation>
    </message>
    <message>
        <source>cannot see the face</source>
        <translation>Gesicht nicht zu sehen</translation>
    </message>
    <message>
        <source>good</source>
        <translation>gut</translation>
    </message>
    <message>
        <source>fair</source>
        <translation>mittel</translation>
    </message>
    <message>
        <source>weak</source>
        <translation>schwach</translation>
    </message>
    <message>
        <source>a few seconds</source>
        <translation>einige Sekunden</translation>
    </message>
    <message>
        <source>about {0} s</source>
        <translation>etwa {0} s</translation>
    </message>
    <message>
        <source>about {0} min</source>
        <translation>etwa {0} min</translation>
    </message>
    <message>
        <source>about {0} h</source>
        <translation>etwa {0} h</translation>
    </message>
</context>
<context>
    <name>WorkRow</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Looking what is needed</source>
        <translation>Was nötig ist, wird nachgesehen</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Beginnt</translation>
    </message>
    <message>
        <source>Removing</source>
        <translation>Wird entfernt</translation>
    </message>
    <message>
        <source>Importing</source>
        <translation>Wird importiert</translation>
    </message>
    <message>
        <source>Keeping your choice</source>
        <translation>Die Wahl wird gemerkt</translation>
    </message>
    <message>
        <source>Waiting until other work on models is done</source>
        <translation>Wartet, bis andere Arbeit an Modellen fertig ist</translation>
    </message>
    <message>
        <source>Cancel: {0}</source>
        <translation>Abbrechen: {0}</translation>
    </message>
</context>
<context>
    <name>_JobRow</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel: {0}</source>
        <translation>Abbrechen: {0}</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Hält an…</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Beginnt</translation>
    </message>
</context>
</TS>
