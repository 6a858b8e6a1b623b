using System.Globalization;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>One of the parts that the images of a run are shared into, each for a task of its own.</summary>
/// <param name="Number">From 1 on.</param>
/// <param name="Count">How many parts there are.</param>
internal sealed record Shard(int Number, int Count)
{
    private const string SlurmWord = "slurm";
    private const int Most = 1_000_000;

    private static readonly Shard OfSlurm = new(0, 0);

    /// <summary>Reads a number and a count such as 3/8, or slurm.</summary>
    /// <returns>Null where it is neither.</returns>
    public static Shard? Parse(string word) => word == SlurmWord ? OfSlurm
        : word.Split('/') is [string number, string count] && Whole(number) is { } n && Whole(count) is { } all && n >= 1 && n <= all
            ? new(n, all)
            : null;

    /// <summary>The part itself where it was left to Slurm.</summary>
    /// <param name="variable">Gives the environment's variables.</param>
    /// <exception cref="SelfAdaptException">InvalidOption: the process is no task of an array, or its array has gaps.</exception>
    public Shard Resolve(Func<string, string?> variable)
    {
        if (this != OfSlurm)
        {
            return this;
        }

        int?[] numbers = [.. ((string[])["ID", "MIN", "MAX", "COUNT"]).Select(n => Whole(variable("SLURM_ARRAY_TASK_" + n)))];
        if (numbers is not [{ } id, { } least, { } most, { } count])
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption,
                "--shard slurm: this is no task of a Slurm array job (SLURM_ARRAY_TASK_ID, _MIN, _MAX and _COUNT are not all set). "
                + "Start it with sbatch --array, or give --shard I/N.");
        }

        // Any array of evenly spaced numbers is a whole: 0-7, 1-8, 10-80:10, and 3-4 of an earlier one, too.
        int step = count > 1 ? (most - least) / (count - 1) : 1;
        return count >= 1 && id >= least && step >= 1 && least + (step * (count - 1)) == most && (id - least) % step == 0
            ? new(((id - least) / step) + 1, count)
            : throw new SelfAdaptException(
                ErrorKind.InvalidOption,
                $"--shard slurm: the array from {least} to {most} with {count} tasks has gaps, so that parts would be left out. "
                + "Start all of it (what is finished is passed over), or give --shard I/N.");
    }

    /// <summary>
    /// The files that fall to this part: every <see cref="Count"/>th of all, in their order. Files of one name share it, as
    /// their results' names follow from each other.
    /// </summary>
    public IReadOnlyList<SegmentFolder> Of(IEnumerable<SegmentFolder> folders)
    {
        int names = 0;
        List<SegmentFolder> own = [];
        foreach (SegmentFolder folder in folders)
        {
            Dictionary<string, int> places = new(StringComparer.OrdinalIgnoreCase);
            List<string> files = [];
            foreach (string file in folder.Files)
            {
                string name = ImageFile.NameOf(file);
                if (!places.TryGetValue(name, out int place))
                {
                    places.Add(name, place = names++);
                }

                if (place % Count == Number - 1)
                {
                    files.Add(file);
                }
            }

            own.Add(folder with { Files = files });
        }

        return own;
    }

    public override string ToString() =>
        this == OfSlurm ? SlurmWord : string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");

    private static int? Whole(string? word) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= Most ? number : null;
}

/// <summary>A folder of images, that of their results, and the files to read.</summary>
internal sealed record SegmentFolder(string Images, string Out, IReadOnlyList<string> Files);
