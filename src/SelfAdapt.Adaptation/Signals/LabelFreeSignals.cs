namespace SelfAdapt.Adaptation.Signals;

/// <summary>
/// What some of the images say about a network without labels. The FN rate, the embedding distance and the outlines can end
/// a run; the rest is logged, because it explains what happened.
/// </summary>
public sealed record LabelFreeSignals
{
    /// <summary>Fraction of the source network's cells that were lost (paper eq. 3).</summary>
    public double FnRate { get; init; }

    /// <summary>Mean distance of the unit-length embeddings from the source network's (paper eq. 4).</summary>
    public double EmbeddingDistance { get; init; }

    /// <summary>
    /// Mean over cells of how much stronger the edges of the image are under a cell's outline than around it: 1 for outlines
    /// drawn anywhere.
    /// </summary>
    public double OutlineFit { get; init; }

    /// <summary>Mean change of that in cells that the source network finds, too (IoU above 0.5); 0 where there are none.</summary>
    public double OutlineChange { get; init; }

    /// <summary>
    /// Sum over cells of their outlines' fit, less what is asked of a cell to count: cells on edges of the image count for a
    /// network, others against it. So much is asked as lets the source network's own cells count .2 on average, but 1 at least.
    /// </summary>
    public double Evidence { get; init; }

    /// <summary>
    /// The standard error of the evidence's difference from the source network's: the larger of those by cells and by images.
    /// </summary>
    public double EvidenceError { get; init; }

    /// <summary>Fraction of the pixels above the cell threshold that ended in a cell.</summary>
    public double Explained { get; init; }

    /// <summary>Mean over cells of the flow error (docs/cellpose.md 4.4); 0 for a network without flows.</summary>
    public double FlowError { get; init; }

    /// <summary>Fraction of all pixels that lie in cells.</summary>
    public double Foreground { get; init; }

    /// <summary>Cells found.</summary>
    public int Cells { get; init; }

    /// <summary>Median over images of the median cell diameter, px; 0 without cells.</summary>
    public double Diameter { get; init; }
}
