using SelfAdapt.Files;

namespace SelfAdapt.Tool.Results;

/// <summary>Checks of the place where a verb will write, made before any long work.</summary>
internal static class OutputFolder
{
    private const string LockName = ".lock";

    /// <summary>Makes the folder for a run's files.</summary>
    /// <param name="path">The folder; made if it is absent.</param>
    /// <param name="force">Whether files may be there already; they are written over, never deleted.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputExists: it holds something and <paramref name="force"/> is off. OutputNotWritable: it can't be
    /// made
    /// or written to.
    /// </exception>
    /// <param name="resume">The command line that goes on with a run that was interrupted there; null: there is none.</param>
    public static void Prepare(string path, bool force, string? resume = null)
    {
        if (!force && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new SelfAdaptException(
                ErrorKind.OutputExists, path,
                resume is null
                    ? $"this folder is not empty. Name another one, or give --force to write over what is there."
                    : $"a run was interrupted here. To go on where it stopped: {resume}\n"
                        + "To begin anew, name another folder, or give --force to write over what is there.");
        }

        RequireWritable(path);
    }

    /// <summary>
    /// Keeps other runs out of a folder until it is disposed of, and removes what a run that was killed left half written.
    /// </summary>
    /// <param name="path">A folder that is there.</param>
    /// <exception cref="SelfAdaptException">OutputExists: another run is writing to it.</exception>
    public static IDisposable Hold(string path)
    {
        try
        {
            string name = Path.Combine(path, LockName);
            OutputFile.RemoveLink(name);
            FileStream hold = new(
                name, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            OutputFile.RemoveLeftovers(path, depth: 1);
            return hold;
        }
        catch (IOException e)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputExists, path,
                $"another run is writing to this folder. Wait for its end, or name another folder.", e);
        }
    }

    /// <summary>Makes sure that a folder is there and takes files.</summary>
    /// <param name="path">The folder; made if it is absent.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be made or written to.</exception>
    public static void RequireWritable(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            string probe = Path.Combine(path, $".writable-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path, $"can't be written to: {e.Message} Name another folder.",
                    e);
        }
    }

    /// <summary>Refuses to write over a file unless that was asked for, and makes its folder.</summary>
    /// <param name="force">Whether it may be there already.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputExists: it is there and <paramref name="force"/> is off. OutputNotWritable: its folder can't be
    /// made
    /// or written to.
    /// </exception>
    public static void RequireFree(string path, bool force)
    {
        if (!force && (File.Exists(path) || Directory.Exists(path)))
        {
            throw new SelfAdaptException(
                ErrorKind.OutputExists, path,
                $"is there already. Name another file, or give --force to write over it.");
        }

        RequireWritable(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
