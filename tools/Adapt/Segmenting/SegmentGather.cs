using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Inputs;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>Joins what the tasks of a run have left, once nothing is missing.</summary>
internal static class SegmentGather
{
    private const int Named = 5;

    /// <summary>Checks all results, makes one journal per folder of those of the tasks, and writes the tables of the whole run.</summary>
    /// <param name="folders">All folders of the run, the topmost at the end.</param>
    /// <param name="deciding">All that decides what results are, as text.</param>
    /// <param name="options">What images were segmented with.</param>
    /// <param name="skipped">Receives what the tasks passed over.</param>
    /// <returns>The results, one per image, in the order of a run without tasks.</returns>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: results are missing, or were made with other options. OutputNotWritable: a file can't be written.
    /// </exception>
    public static IReadOnlyList<SegmentedImage> Join(
        IReadOnlyList<SegmentFolder> folders, string deciding, SegmentationOptions options, SkippedFiles skipped)
    {
        List<SegmentedImage> results = [];
        List<string> missing = [];
        foreach (SegmentFolder folder in folders)
        {
            Dictionary<string, string> begun = JoinBands(folder, deciding, options);
            using SegmentJournal journal = SegmentJournal.Open(folder.Out, deciding);
            foreach (string file in folder.Files)
            {
                if (journal.Noted(file) is not { } noted)
                {
                    missing.Add(file + begun.GetValueOrDefault(file));
                    continue;
                }

                results.AddRange(noted.Images);
                skipped.AddAll(file, noted.Skipped);
            }
        }

        if (missing.Count > 0)
        {
            string more = missing.Count > Named ? $"\n  and {missing.Count - Named} more" : "";
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput,
                $"{missing.Count} of {folders.Sum(f => f.Files.Count)} image files have no whole result with these options:"
                + string.Concat(missing.Take(Named).Select(f => $"\n  {f}")) + more
                + "\nRun the tasks again with the same options: they do only what is missing.");
        }

        foreach (SegmentFolder folder in folders.Where(f => f.Files.Count > 0))
        {
            using SegmentJournal journal = SegmentJournal.Open(folder.Out, deciding);
            journal.Join(folder.Files);
            OutputFile.RemoveLeftovers(folder.Out, depth: 0);
        }

        if (results.Count > 0)
        {
            SegmentTables.Write(folders[^1].Out, results);
        }

        return results;
    }

    /// <summary>Makes the masks of images that tasks have worked on together.</summary>
    /// <returns>Of those that are not complete, how far they are.</returns>
    private static Dictionary<string, string> JoinBands(SegmentFolder folder, string deciding, SegmentationOptions options)
    {
        Dictionary<string, string> begun = [];
        using SegmentJournal journal = SegmentJournal.Open(folder.Out, deciding);
        foreach (string file in folder.Files)
        {
            string name = ImageFile.NameOf(file);
            string masks = SegmentationFormats.PathOf(Path.Combine(folder.Out, name), ResultKind.Tif);
            if (SharedBlocks.TryJoin(masks, journal.Deciding(file), out (int There, int All) found) is { } cells)
            {
                journal.Add(file, options, new([new SegmentedImage(name, file, [masks], cells, 0)], []));
                SharedBlocks.Remove(masks);
            }
            else if (found.All > 0)
            {
                begun.Add(file, FormattableString.Invariant($": {found.There} of {found.All} rows of blocks"));
            }
        }

        return begun;
    }
}
