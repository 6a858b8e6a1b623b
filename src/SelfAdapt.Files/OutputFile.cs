namespace SelfAdapt.Files;

/// <summary>Writes whole files so that a reader never sees half of one.</summary>
internal static class OutputFile
{
    private const string Beginning = ".selfadapt-";
    private const string Ending = ".partial";

    /// <summary>Writes a file beside its place and moves it there, replacing what was there.</summary>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: the folder is absent, protected or full.
    /// </exception>
    public static void Write(string path, ReadOnlyMemory<byte> content) =>
        Write(path, stream => stream.Write(content.Span));

    /// <summary>The same for content that is written bit by bit.</summary>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: the folder is absent, protected or full.
    /// </exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, durably: false);

    /// <summary>
    /// The same for what a power cut must not take: the content is on the disk before it takes its place, so that there is
    /// never an empty file, and the place is on the disk when this returns.
    /// </summary>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: the folder is absent, protected or full.
    /// </exception>
    public static void WriteDurably(string path, ReadOnlyMemory<byte> content) =>
        WriteDurably(path, stream => stream.Write(content.Span));

    /// <summary>The same for content that is written bit by bit.</summary>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: the folder is absent, protected or full.
    /// </exception>
    public static void WriteDurably(string path, Action<Stream> write) => Write(path, write, durably: true);

    /// <summary>Deletes a file if it is there.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be deleted.</exception>
    public static void Delete(string path)
    {
        try
        {
            Disk.Current.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path, $"can't be deleted: {e.Message} Delete it yourself.", e);
        }
    }

    /// <summary>
    /// Deletes a link in the place of a file that is to be opened for writing: what it leads to may lie anywhere.
    /// </summary>
    /// <param name="path">The file; left alone where it is none.</param>
    /// <exception cref="IOException">It can't be deleted.</exception>
    public static void RemoveLink(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            File.Delete(path);
        }
    }

    /// <summary>Deletes half-written files of programs that were killed; not those in use.</summary>
    /// <param name="depth">How many levels of folders below are looked into.</param>
    public static void RemoveLeftovers(string folder, int depth)
    {
        EnumerationOptions own = new()
        {
            RecurseSubdirectories = depth > 0,
            MaxRecursionDepth = depth,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        foreach (string file in Directory.EnumerateFiles(folder, Beginning + "*" + Ending, own))
        {
            try
            {
                // A program that still writes it holds it alone.
                new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
                File.Delete(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It does no harm.
            }
        }
    }

    /// <summary>The error of a file that can't be written.</summary>
    internal static SelfAdaptException NotWritable(string path, Exception cause) => new(
        ErrorKind.OutputNotWritable, path,
        $"can't be written: {cause.Message} Is the folder there, writable and not full?",
        cause);

    private static void Write(string path, Action<Stream> write, bool durably)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
        {
            throw NotWritable(path, new IOException("That is no name of a file."));
        }

        IFileLayer files = Disk.Current;

        // A name of its own: nobody else writes to it, and no link lies in wait there.
        string folder = Path.GetDirectoryName(path) ?? string.Empty;
        string partial = Path.Combine(folder, $"{Beginning}{Guid.NewGuid():N}{Ending}");
        bool created = false;
        try
        {
            using (Stream stream = files.Create(partial))
            {
                created = true;
                write(stream);
                if (durably)
                {
                    files.Flush(stream);
                }
            }

            files.Replace(partial, path);
            if (durably)
            {
                files.FlushFolder(folder);
            }
        }
        catch (Exception e)
        {
            // What could not be finished is of no use to anybody.
            if (created)
            {
                TryDelete(files, partial);
            }

            if (e is IOException or UnauthorizedAccessException)
            {
                throw NotWritable(path, e);
            }

            throw;
        }
    }

    private static void TryDelete(IFileLayer files, string path)
    {
        try
        {
            files.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here is the one to tell.
        }
    }
}
