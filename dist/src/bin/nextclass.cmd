@echo off
rem Starts NextClass from a distribution. The one that brings its own Java (lib\modules is there) needs nothing else; the
rem other takes the Java 25 of JAVA_HOME, or the one on the PATH.
rem
rem NEXTCLASS_JAVA_OPTS  more options for Java, such as -Xmx4g
setlocal
for %%d in ("%~dp0..") do set "NEXTCLASS_DIR=%%~fd"
set OPTIONS=-Djdk.http.auth.tunneling.disabledSchemes= -XX:+UseSerialGC -Xms32m -Xmn16m -Xmx1g -Xlog:disable -Xlog:all=warning:stderr -Xlog:aot*=off:stderr -Xlog:cds*=off:stderr

if exist "%NEXTCLASS_DIR%\lib\modules" goto image

set "JAVA=java.exe"
if defined JAVA_HOME if exist "%JAVA_HOME%\bin\java.exe" set "JAVA=%JAVA_HOME%\bin\java.exe"
"%JAVA%" --version 2>nul | findstr /r /b /c:"openjdk 25" /c:"java 25" >nul
if errorlevel 1 (
  echo nextclass: no Java 25 found. Install one, such as Temurin 25 ^(https://adoptium.net^), or set JAVA_HOME to it; or take the distribution that brings its own. 1>&2
  exit /b 1
)
"%JAVA%" %OPTIONS% "-Dnextclass.home=%NEXTCLASS_DIR%" %NEXTCLASS_JAVA_OPTS% --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp "%NEXTCLASS_DIR%\lib\*" io.github.nextclass.cli.Main %*
exit /b %ERRORLEVEL%

:image
set CACHE=
if exist "%NEXTCLASS_DIR%\lib\nextclass.aot" set CACHE="-XX:AOTCache=%NEXTCLASS_DIR%\lib\nextclass.aot"
"%NEXTCLASS_DIR%\bin\java.exe" %OPTIONS% "-Dnextclass.home=%NEXTCLASS_DIR%" %NEXTCLASS_JAVA_OPTS% %CACHE% --enable-native-access=org.jline.terminal.ffm -m io.github.nextclass.cli/io.github.nextclass.cli.Main %*
exit /b %ERRORLEVEL%
