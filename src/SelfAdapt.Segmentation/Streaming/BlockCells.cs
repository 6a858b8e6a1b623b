using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>The cells that a block keeps.</summary>
/// <param name="Top">The block's first row in the image.</param>
/// <param name="Left">Its first column.</param>
/// <param name="Cells">The block's own numbers, from 1; 0 where no cell is that it keeps.</param>
internal sealed record BlockCells(int Top, int Left, LabelImage Cells);

/// <summary>How an image is cut into blocks: rows of cores, each core with a margin around it.</summary>
/// <param name="Core">Side of a core.</param>
/// <param name="Margin">Width of the margin.</param>
internal readonly record struct BlockGrid(int Height, int Width, int Core, int Margin)
{
    /// <summary>Rows of blocks.</summary>
    public int Bands => (Height + Core - 1) / Core;

    /// <summary>The first row of a band's blocks.</summary>
    /// <param name="coreTop">The first row of its cores.</param>
    public int Top(int coreTop) => Math.Max(0, coreTop - Margin);

    /// <summary>The row behind a band's blocks.</summary>
    /// <param name="coreTop">The first row of its cores.</param>
    public int End(int coreTop) => Math.Min(Height, coreTop + Core + Margin);
}

/// <summary>Receives what blocks keep, from the top down.</summary>
internal interface IBlockSink
{
    /// <summary>A block, in the order of its band.</summary>
    void Add(BlockCells block);

    /// <summary>A band of blocks is complete.</summary>
    /// <param name="coreTop">The first row of its cores.</param>
    void EndBand(int coreTop);
}
