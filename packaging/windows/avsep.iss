; The installer for Windows, by Inno Setup 6.3 or later, from the folder that packaging/build.py made:
;   iscc /DVersion=0.1.0 packaging\windows\avsep.iss
; To sign: iscc /Ssigntool="signtool sign /fd sha256 ... $f" /DSigned ...
; Written by the manual; not tried on Windows yet.

#ifndef Version
  #error Give the version as in pyproject.toml: /DVersion=...
#endif
#define Root "..\.."
#define ProjectType "AVSep.Project"

[Setup]
AppId=io.github.avsep.AVSep
AppName=AVSep
AppVersion={#Version}
AppVerName=AVSep {#Version}
DefaultDirName={autopf}\AVSep
DisableProgramGroupPage=yes
; For one user without asking an administrator; for all of them when it is started so.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
ChangesAssociations=yes
ChangesEnvironment=yes
Compression=lzma2/max
SolidCompression=yes
LZMANumBlockThreads=2
LicenseFile={#Root}\LICENSE
OutputDir={#Root}\dist
OutputBaseFilename=avsep-{#Version}-windows-x64
UninstallDisplayIcon={app}\avsep-gui.exe
WizardStyle=modern
#ifdef Signed
SignTool=signtool
#endif

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[CustomMessages]
en.Path=Let the command line find avsep
de.Path=avsep in der Befehlszeile verfügbar machen
en.Project=AVSep project
de.Project=AVSep-Projekt

[Tasks]
Name: "path"; Description: "{cm:Path}"
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked

[Files]
Source: "{#Root}\dist\avsep\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\AVSep"; Filename: "{app}\avsep-gui.exe"; AppUserModelID: "io.github.avsep.AVSep"
Name: "{autodesktop}\AVSep"; Filename: "{app}\avsep-gui.exe"; Tasks: desktopicon; AppUserModelID: "io.github.avsep.AVSep"

[Registry]
; Projects are opened with it; for videos it is one of the programs in "Open with".
Root: HKA; Subkey: "Software\Classes\.avsep"; ValueType: string; ValueData: "{#ProjectType}"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\{#ProjectType}"; ValueType: string; ValueData: "{cm:Project}"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\{#ProjectType}\shell\open\command"; ValueType: string; ValueData: """{app}\avsep-gui.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\Applications\avsep-gui.exe"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "AVSep"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\avsep-gui.exe\shell\open\command"; ValueType: string; ValueData: """{app}\avsep-gui.exe"" ""%1"""
#dim Endings[8] {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".mpg"}
#define I
#sub Kind
Root: HKA; Subkey: "Software\Classes\Applications\avsep-gui.exe\SupportedTypes"; ValueType: string; ValueName: "{#Endings[I]}"; ValueData: ""
#endsub
#for {I = 0; I < 8; I++} Kind
Root: HKA; Subkey: "{code:PathKey}"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: IsNotInPath

[Run]
Filename: "{app}\avsep-gui.exe"; Description: "{cm:LaunchProgram,AVSep}"; Flags: nowait postinstall skipifsilent

[Code]
function PathKey(Unused: String): String;
begin
  if IsAdminInstallMode then
    Result := 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
  else
    Result := 'Environment';
end;

function OldPath: String;
begin
  if not RegQueryStringValue(HKA, PathKey(''), 'Path', Result) then
    Result := '';
end;

function IsNotInPath: Boolean;
begin
  Result := Pos(';' + Lowercase(ExpandConstant('{app}')) + ';', ';' + Lowercase(OldPath) + ';') = 0;
end;

{ What the user made (projects, models, preferences) stays; the entry in the path goes. }
procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Whole: String;
begin
  if Step <> usPostUninstall then
    exit;
  Whole := ';' + OldPath + ';';
  if StringChangeEx(Whole, ';' + ExpandConstant('{app}') + ';', ';', True) > 0 then
    RegWriteExpandStringValue(HKA, PathKey(''), 'Path', Copy(Whole, 2, Length(Whole) - 2));
end;
