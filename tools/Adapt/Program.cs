using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Text;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Runs;
using SelfAdapt.Tool.Verbs;

namespace SelfAdapt.Tool;

/// <summary>The command line: picks the verb, and turns every outcome into an exit code.</summary>
internal static class Program
{
    private const string DefaultVerb = "adapt";

    private static readonly string[] RootOptions = ["--help", "-h", "-?", "--version"];

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The words after the program's name.</param>
    /// <param name="terminal">Where results and progress go.</param>
    /// <returns>A value of <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        // 0.5 is a half everywhere: the command line's parser reads numbers as the thread's culture writes them.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        RootCommand root = CreateRoot(terminal);
        ParserConfiguration parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };
        IReadOnlyList<string> words = WithVerb([.. args.Select(WithHyphens)]);
        ParseResult parsed = root.Parse(words, parser);
        int failed = Guarded(terminal, () =>
        {
            List<string> warnings = [];
            IReadOnlyList<string> own = CellposeFlags.Translate(words, parsed.CommandResult.Command, warnings);
            parsed = own == words ? parsed : root.Parse(own, parser);
            words = own;
            IReadOnlyList<string> all = RunConfig.Expand(words, parsed, warnings);
            parsed = all == words ? parsed : root.Parse(all, parser);
            warnings.ForEach(terminal.Error.WriteLine);
            return (int)ExitCode.Ok;
        });
        if (failed != (int)ExitCode.Ok)
        {
            return failed;
        }

        if (parsed.Action is ParseErrorAction || (parsed.Action is null && parsed.Errors.Count > 0))
        {
            IEnumerable<string> messages = parsed.Errors.Select(e => e.Message).Distinct();
            if (parsed.CommandResult.Command == root && parsed.UnmatchedTokens is [string first, ..])
            {
                // Behind a word that is no verb the parser understands nothing, and says so of each word.
                messages = messages.Where(m => Names(m, first));
            }

            foreach (string message in messages)
            {
                terminal.Error.WriteLine(message + Hint(parsed, message));
            }

            string verb = parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ";
            terminal.Error.WriteLine($"'{verb}--help' lists what can be given.");
            return (int)ExitCode.Usage;
        }

        return Guarded(terminal, () => parsed.Invoke(new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        }));
    }

    private static int Main(string[] args)
    {
        using CancellationTokenSource cancel = new();
        Console.OutputEncoding = Encoding.UTF8;
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first Ctrl-C lets the verb finish its step and keep what it has; the second one ends it.
            pressed.Cancel = !cancel.IsCancellationRequested;
            cancel.Cancel();
        };
        return Run(args, Terminal.OfConsole(cancel.Token));
    }

    /// <summary>All verbs with their options.</summary>
    /// <param name="terminal">Where they write to.</param>
    internal static RootCommand CreateRoot(Terminal terminal)
    {
        RootCommand root = new(
            "Adapts a pre-trained segmentation network (Cellpose and its like) to unlabeled images.\n"
            + "Without a verb, 'adapt' runs: --model MODEL --images FOLDER --out FOLDER.\n"
            + "Option names may be written with underscores, as Cellpose has them: --flow_threshold.")
        {
            AdaptVerb.Create(terminal),
            SegmentVerb.Create(terminal),
            EvaluateVerb.Create(terminal),
            TrainVerb.Create(terminal),
            ExportVerb.Create(terminal),
            InspectVerb.Create(terminal),
            StrokesVerb.Create(terminal),
            EnhancerVerb.Create(terminal),
            PseudoVerb.Create(terminal),
            ForegroundVerb.Create(terminal),
            PaintVerb.Create(terminal),
            DoctorVerb.Create(terminal),
            RankVerb.Create(terminal),
            DemoVerb.Create(terminal),
            ViewVerb.Create(terminal),
            StudioVerb.Create(terminal),
        };
        HelpPage.Attach(root);
        return root;
    }

    private static bool Names(string message, string word) => message.Contains($"'{word}'", StringComparison.Ordinal);

    /// <summary>What a word that the parser knows nothing of may have been meant to be.</summary>
    private static string Hint(ParseResult parsed, string message)
    {
        Command command = parsed.CommandResult.Command;
        string? unknown = parsed.UnmatchedTokens.FirstOrDefault(t => Names(message, t));
        return unknown is null ? ""
            : unknown.StartsWith('-')
                ? Spelling.Hint(unknown.Split('=')[0], command.Options.SelectMany(o => o.Aliases.Prepend(o.Name)))
            : Spelling.Hint(unknown, command.Subcommands.Select(c => c.Name));
    }

    /// <summary>An option's name with hyphens where it has underscores; its value stays.</summary>
    private static string WithHyphens(string word)
    {
        if (!word.StartsWith("--", StringComparison.Ordinal))
        {
            return word;
        }

        int end = word.IndexOf('=');
        string name = end < 0 ? word : word[..end];
        return name.Replace('_', '-') + word[name.Length..];
    }

    /// <summary>Options without a verb before them are those of adapt.</summary>
    private static IReadOnlyList<string> WithVerb(IReadOnlyList<string> args)
    {
        if (args.Count == 0)
        {
            return ["--help"];
        }

        return args[0].StartsWith('-') && !RootOptions.Contains(args[0]) ? [DefaultVerb, .. args] : args;
    }

    private static int Guarded(Terminal terminal, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (Exception e)
        {
            terminal.Progress.Finish();
            return Explain(terminal.Error, e is AggregateException { InnerExceptions.Count: 1 } one
                ? one.InnerException!
                : e);
        }
    }

    /// <summary>Says what went wrong, and gives the exit code for it.</summary>
    internal static int Explain(TextWriter error, Exception e)
    {
        switch (e)
        {
            case SelfAdaptException known:
                error.WriteLine(known.Message);
                if (ExitCodes.Hint(known.Kind) is { } hint)
                {
                    error.WriteLine(hint);
                }

                return (int)ExitCodes.Of(known.Kind);
            case OperationCanceledException:
                error.WriteLine("Stopped.");
                return (int)ExitCode.Cancelled;
            case OutOfMemoryException:
                error.WriteLine(
                    "Memory ran out. Lower --batch-size (and --crop, where there is one), or close other "
                        + "programs.");
                return (int)ExitCode.OutOfMemory;
            default:
                error.WriteLine($"Unexpected: {e.Message} This is a bug; please report it with these lines:");
                error.WriteLine(e);
                return (int)ExitCode.Unexpected;
        }
    }
}
