using System.ComponentModel;
using System.Diagnostics;

namespace SelfAdapt.Tool.Interaction;

/// <summary>The user's desktop, where there is one.</summary>
internal static class Desktop
{
    /// <summary>Opens an address or a folder with the program that the user has for it.</summary>
    /// <returns>False where nothing could be started.</returns>
    public static bool TryOpen(string target)
    {
        try
        {
            (string program, string[] words) = OperatingSystem.IsWindows() ? ("explorer", [target])
                : OperatingSystem.IsMacOS() ? ("open", [target])
                : ("xdg-open", (string[])[target]);
            using Process? started = Process.Start(new ProcessStartInfo(program, words)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            return started is not null;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or PlatformNotSupportedException)
        {
            return false;
        }
    }
}
