<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_US" sourcelanguage="en_US">
<context>
    <name>Announcer</name>
    <message numerus="yes">
        <source>%n person(s) found: {0}</source>
        <translation>
            <numerusform>%n person found: {0}</numerusform>
            <numerusform>%n people found: {0}</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>BatchDesk</name>
    <message numerus="yes">
        <source>The batch is not finished: %n file(s) are left.</source>
        <translation>
            <numerusform>The batch is not finished: %n file is left.</numerusform>
            <numerusform>The batch is not finished: %n files are left.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>A batch is not finished: %n file(s) are left.</source>
        <translation>
            <numerusform>A batch is not finished: %n file is left.</numerusform>
            <numerusform>A batch is not finished: %n files are left.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>KeysPage</name>
    <message numerus="yes">
        <source>Give all actions the keys that they had at first? %n action(s) were changed.</source>
        <translation>
            <numerusform>Give all actions the keys that they had at first? %n was changed.</numerusform>
            <numerusform>Give all actions the keys that they had at first? %n were changed.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>StoragePage</name>
    <message numerus="yes">
        <source>%n folder(s) could not be read, so there may be more.</source>
        <translation>
            <numerusform>%n folder could not be read, so there may be more.</numerusform>
            <numerusform>%n folders could not be read, so there may be more.</numerusform>
        </translation>
    </message>
</context>
</TS>
