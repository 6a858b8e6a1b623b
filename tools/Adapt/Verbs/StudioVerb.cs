using System.CommandLine;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Studio;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Verbs;

/// <summary>studio: the whole job in the browser.</summary>
internal static class StudioVerb
{
    /// <summary>The verb.</summary>
    public static Command Create(Terminal terminal)
    {
        Argument<string?> folder = new("FOLDER")
        {
            Description = "Folder of images; without it the page asks for one",
            Arity = ArgumentArity.ZeroOrOne,
        };
        SettingOptions<StudioSettings> options = new();
        Command command = new("studio", "Do the whole job in the browser: look, set up, adapt, decide, use") { folder };
        options.AddTo(command);
        command.SetAction((parsed, _) => Run(terminal, parsed.GetValue(folder), options.Get(parsed)));
        return command;
    }

    private static async Task<int> Run(Terminal terminal, string? folder, StudioSettings settings)
    {
        using StudioSite site = new(settings.Project, WebRuntime.Find());
        if (folder is not null)
        {
            site.Open(folder);
        }

        using LocalServer server = new(site, settings.Port);
        await server.ShowAsync(terminal, settings.NoBrowser).ConfigureAwait(false);
        return (int)ExitCode.Ok;
    }

    private sealed record StudioSettings
    {
        [Setting("Where the project is kept: set-up, runs, models, masks", Unit = "folder",
            Default = "selfadapt-studio in the images' folder", Basic = true)]
        public string? Project { get; init; }

        [Setting(0, 65_535, "Port to serve on; 0: any free one")]
        public int Port { get; init; }

        [Setting("Only print the address")]
        public bool NoBrowser { get; init; }
    }
}
