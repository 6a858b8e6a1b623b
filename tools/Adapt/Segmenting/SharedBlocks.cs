using SelfAdapt.Files;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Segmentation.Streaming;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>
/// A large image that several tasks work on: each finds the cells of some bands of blocks and leaves a file per band; what
/// joins the run paints them as one process would have.
/// </summary>
internal sealed class SharedBlocks : IBlockSink
{
    private readonly string _masks;
    private readonly string _decides;
    private readonly BlockGrid _grid;
    private readonly List<BlockCells> _band = [];

    private SharedBlocks(string masks, string decides, BlockGrid grid) => (_masks, _decides, _grid) = (masks, decides, grid);

    /// <summary>Finds the cells of the bands that fall to a task; those whose files are there are passed over.</summary>
    /// <param name="masks">Where the masks will be.</param>
    /// <param name="decides">All that decides the result, as text.</param>
    /// <param name="force">Whether files that are there are written again.</param>
    /// <returns>How many bands the task has.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="StreamedSegmenter.Segment"/>; OutputNotWritable.</exception>
    public static int Find(
        StreamedSegmenter segmenter, IRowSource image, string source, string masks, string decides, Shard shard, bool force,
        Action<double> progress, CancellationToken cancelled)
    {
        BlockGrid grid = segmenter.GridOf(image, source);
        (int first, int end) = (Share(grid.Bands, shard.Number - 1), Share(grid.Bands, shard.Number));
        int open = first;
        while (!force && open < end && BandFile.IsWhole(PathOf(masks, open), decides, grid, open))
        {
            open++;
        }

        if (open < end)
        {
            segmenter.Segment(
                image, source, grid, new SharedBlocks(masks, decides, grid), open * grid.Core, end * grid.Core, progress, cancelled);
        }

        return end - first;

        int Share(int bands, int number) => (int)((long)bands * number / shard.Count);
    }

    /// <summary>Writes the masks of which all bands are there.</summary>
    /// <param name="found">How many bands are there, and how many there must be; 0 of 0: it is no such image.</param>
    /// <returns>The number of cells; null where bands are missing.</returns>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the masks can't be written.</exception>
    public static int? TryJoin(string masks, string decides, out (int There, int All) found)
    {
        found = default;
        if (FilesOf(masks).Select(f => BandFile.GridOf(f, decides)).FirstOrDefault(g => g is not null) is not { } grid)
        {
            return null;
        }

        int[] there = [.. Enumerable.Range(0, grid.Bands).Where(b => BandFile.IsWhole(PathOf(masks, b), decides, grid, b))];
        found = (there.Length, grid.Bands);
        if (there.Length < grid.Bands)
        {
            return null;
        }

        int cells = 0;
        OutputFile.Write(masks, stream =>
        {
            LabelTiffStream labels = new(stream, grid.Height, grid.Width);
            BlockPainter painter = new(grid, labels.Write);
            for (int band = 0; band < grid.Bands; band++)
            {
                foreach (BlockCells block in BandFile.Read(PathOf(masks, band), decides, grid, band)!)
                {
                    painter.Add(block);
                }

                painter.EndBand(band * grid.Core);
            }

            labels.Finish();
            cells = painter.Cells;
        });
        return cells;
    }

    /// <summary>Deletes the bands' files.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: one of them can't be deleted.</exception>
    public static void Remove(string masks) => Array.ForEach(FilesOf(masks), OutputFile.Delete);

    public void Add(BlockCells block) => _band.Add(block);

    public void EndBand(int coreTop)
    {
        int band = coreTop / _grid.Core;
        BandFile.Write(PathOf(_masks, band), _decides, _grid, band, _band);
        _band.Clear();
    }

    private static string[] FilesOf(string masks)
    {
        string folder = Path.GetDirectoryName(masks)!;
        return Directory.Exists(folder) ? Directory.GetFiles(folder, Path.GetFileName(masks) + ".band*") : [];
    }

    private static string PathOf(string masks, int band) => FormattableString.Invariant($"{masks}.band{band + 1}");
}
