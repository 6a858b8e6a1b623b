using System;
using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Verbs;

/// <summary>view: a run's images, masks and model in the browser.</summary>
internal static class ViewVerb
{
    /// <summary>The verb.</summary>
    /// <param name="terminal">Where results go.</param>
    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = new("OUT") { Description = "Folder that adapt or demo wrote" };
        Option<int> port = OptionFactory.Default("--port", "N", 0, "Port to serve on; 0: any free one");
        Option<bool> noBrowser = OptionFactory.Flag("--no-browser", "Only print the address");
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65_535)
            {
                result.AddError("--port must be 0 to 65535.");
            }
        });
        Command command = new("view", "Show a run's images and masks in the browser, and try its model there")
        {
            folder, port, noBrowser,
        };
        command.SetAction((parsed, _) => Run(
            terminal, parsed.GetRequiredValue(folder), parsed.GetValue(port), !parsed.GetValue(noBrowser)));
        return command;
    }

    private static async Task<int> Run(Terminal terminal, string folder, int port, bool browser)
    {
        string? runtime = WebRuntime.Find();
        ViewerRun run = ViewerRun.Open(folder, runtime is null ? WebRuntime.Missing : null);
        using LocalServer server = new(new ViewerSite(run, runtime), port);
        terminal.Out.WriteLine(server.Address);
        terminal.Error.WriteLine("Serving this machine only; Ctrl-C ends it.");
        if (browser && !TryOpen(server.Address))
        {
            terminal.Error.WriteLine("No browser could be opened: open the address above in one.");
        }

        await server.RunAsync(terminal.Cancelled).ConfigureAwait(false);
        return (int)ExitCode.Ok;
    }

    private static bool TryOpen(string address)
    {
        try
        {
            (string program, string[] words) = OperatingSystem.IsWindows() ? ("explorer", [address])
                : OperatingSystem.IsMacOS() ? ("open", [address])
                : ("xdg-open", (string[])[address]);
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
