namespace SelfAdapt.Adaptation;

/// <summary>Why a run ended.</summary>
public enum StopReason
{
    /// <summary>All iterations were done and every evaluation stayed within the thresholds.</summary>
    Completed,

    /// <summary>The false-negative rate passed its threshold.</summary>
    FalseNegativeRate,

    /// <summary>The embedding distance passed its threshold.</summary>
    EmbeddingDistance,

    /// <summary>For a while no checkpoint was better by its outlines.</summary>
    Outlines,

    /// <summary>
    /// The source network finds no cell in the images checked: there is nothing to learn from, and nothing to watch.
    /// </summary>
    NoCells,

    /// <summary>The next evaluation would have come after <see cref="AdaptationOptions.Minutes"/>.</summary>
    Time,

    /// <summary>Someone asked for an end.</summary>
    Cancelled,

    /// <summary>The numbers ran away; the last good checkpoint was kept.</summary>
    Diverged,
}
