namespace SelfAdapt.Adaptation;

/// <summary>
/// What the held-out images say about a network without labels. The FN rate, the embedding distance and the
/// steadiness can end a run; the rest is logged, because it explains what happened.
/// </summary>
public sealed record HeldOutSignals
{
    /// <summary>Fraction of the source network's cells that were lost (paper eq. 3).</summary>
    public double FnRate { get; init; }

    /// <summary>Mean distance of the unit-length embeddings from the source network's (paper eq. 4).</summary>
    public double EmbeddingDistance { get; init; }

    /// <summary>
    /// AP at IoU 0.5 between the cells of the images and those of the same images under noise, pooled: how much of the
    /// network's opinion outlasts noise.
    /// </summary>
    public double Agreement { get; init; }

    /// <summary>
    /// The agreement times the fraction of the source network's cells that are still there: what outlasts both noise and
    /// the adaptation. Both are drawn to the side of caution where there are few cells to judge by: twenty are added to
    /// those that agreement is asked of, as if they did not agree, and twenty to the source's, as if they were still there.
    /// </summary>
    public double Steadiness { get; init; }

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
