using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Inputs;

/// <summary>The files that were passed over, each with its reason: one of them does not end the others' work.</summary>
internal sealed class SkippedFiles : Collection<SkippedFile>
{
    /// <summary>The first error among the reasons: what there is to say where nothing else came of the work.</summary>
    public SelfAdaptException? FirstError { get; private set; }

    /// <summary>How many of them another run may do: memory ran out, or something else was in the results' place.</summary>
    public int Passing { get; private set; }

    /// <summary>What a program that did its work otherwise exits with.</summary>
    public ExitCode Code => Count == 0 ? ExitCode.Ok : ExitCode.Partly;

    /// <summary>Adds what is known already to be of no use in a file.</summary>
    public void AddAll(string file, IEnumerable<string> reasons)
    {
        foreach (string reason in reasons)
        {
            Add(new SkippedFile(file, reason));
        }
    }

    /// <summary>Works on a file, or passes over it where the fault is the file's own.</summary>
    /// <returns>Whether it was done.</returns>
    public bool Try(string file, Action work) => Try(file, work, IsOfFile);

    /// <summary>Works with a model, or passes over it where the fault is its own or its engine's.</summary>
    /// <returns>Whether it was done.</returns>
    public bool TryModel(string file, Action work) => Try(file, work, kind => IsOfFile(kind)
        || kind is ErrorKind.ModelMalformed or ErrorKind.ModelUnsupported or ErrorKind.OutputsUnknown);

    /// <summary>Keeps the items that pass a check; the others' files are passed over.</summary>
    /// <param name="items">At least one.</param>
    /// <exception cref="SelfAdaptException">As the check, where no item passes it.</exception>
    public IReadOnlyList<T> Keep<T>(IReadOnlyList<T> items, Func<T, string> file, Action<T> check)
    {
        T[] kept = [.. items.Where(item => Try(file(item), () => check(item)))];
        return kept.Length > 0 || items.Count == 0 ? kept : throw FirstError!;
    }

    /// <summary>Names them on the console, with their count.</summary>
    public void Report(Terminal terminal)
    {
        foreach (SkippedFile file in this)
        {
            terminal.Error.WriteLine($"skipped {file.File}: {file.Reason}");
        }

        if (Count > 0)
        {
            terminal.Error.WriteLine($"{Count} file{(Count == 1 ? "" : "s")} skipped (exit code {(int)ExitCode.Partly})");
        }
    }

    /// <summary>The same for scripts.</summary>
    public JsonArray ToJson() => new([.. this.Select(s =>
        (JsonNode)new JsonObject { ["file"] = s.File, ["reason"] = s.Reason })]);

    private static bool IsOfFile(ErrorKind kind) => kind is ErrorKind.UnreadableInput or ErrorKind.ModelImageMismatch
        or ErrorKind.OutOfMemory or ErrorKind.Numerics or ErrorKind.OutputExists;

    private bool Try(string file, Action work, Func<ErrorKind, bool> isItsOwn)
    {
        try
        {
            work();
            return true;
        }
        catch (SelfAdaptException e) when (isItsOwn(e.Kind))
        {
            FirstError ??= e.File is null ? new SelfAdaptException(e.Kind, file, e.Message, e) : e;
            Add(SkippedFile.Of(file, e));
            Passing += e.Kind is ErrorKind.OutOfMemory or ErrorKind.OutputExists ? 1 : 0;
            return false;
        }
    }
}
