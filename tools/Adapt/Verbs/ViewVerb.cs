using System.CommandLine;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Verbs;

/// <summary>view: a run's images, masks and model in the browser.</summary>
internal static class ViewVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = new("OUT") { Description = "Folder that adapt or demo wrote" };
        SettingOptions<ViewSettings> options = new();
        Command command = new("view", "Show a run's images and masks in the browser, and try its model there")
        {
            folder,
        };
        options.AddTo(command);
        command.SetAction((parsed, _) => Run(
            terminal, parsed.GetRequiredValue(folder), options.Get(parsed)));
        return command;
    }

    private static async Task<int> Run(Terminal terminal, string folder, ViewSettings settings)
    {
        string? runtime = WebRuntime.Find();
        ViewerRun run = ViewerRun.Open(folder, runtime is null ? WebRuntime.Missing : null);
        using LocalServer server = new(new ViewerSite(run, runtime), settings.Port);
        await server.ShowAsync(terminal, settings.NoBrowser).ConfigureAwait(false);
        return (int)ExitCode.Ok;
    }

    private sealed record ViewSettings
    {
        [Setting(0, 65_535, "Port to serve on; 0: any free one")]
        public int Port { get; init; }

        [Setting("Only print the address")]
        public bool NoBrowser { get; init; }
    }
}
