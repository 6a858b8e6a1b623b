namespace SelfAdapt.Adaptation;

/// <summary>Which statistics the student's batch normalisation uses in training.</summary>
public enum StudentNorm
{
    /// <summary>The batch's, as in torch's train mode.</summary>
    Batch,

    /// <summary>The stored ones, as constants.</summary>
    Stored,
}

/// <summary>Which inputs move the student's stored statistics.</summary>
public enum NormUpdate
{
    /// <summary>The strongly augmented ones it trains on, as in torch's train mode.</summary>
    Strong,

    /// <summary>The weakly augmented ones, as evaluation sees them.</summary>
    Weak,

    /// <summary>None: the source's statistics stay.</summary>
    None,
}

/// <summary>Which statistics the teacher normalises with.</summary>
public enum TeacherNorm
{
    /// <summary>The source network's.</summary>
    Source,

    /// <summary>The moving average of the student's, at the rate of the weights.</summary>
    Ema,

    /// <summary>The student's current ones.</summary>
    Student,
}

/// <summary>Which of the student's weights learn; the others stay the source's, bit by bit.</summary>
public enum TrainedLayers
{
    /// <summary>All.</summary>
    All,

    /// <summary>Scale and bias of the batch normalisations.</summary>
    Norm,

    /// <summary>The first layers: those before anything works at a quarter of the image's height.</summary>
    Shallow,
}

/// <summary>
/// Which label-free signal ends the run and picks the checkpoint (paper section on stopping; docs/method.md section
/// 7; docs/method.md).
/// </summary>
public enum StopRule
{
    /// <summary>
    /// How well the cells' outlines lie on the edges of the images: the checkpoint with most evidence, among those whose
    /// outlines lie there clearly better than the source network's.
    /// </summary>
    Outlines,

    /// <summary>The false-negative rate against the source network's own cells (paper eq. 3).</summary>
    Fn,

    /// <summary>The distance of the embeddings from the source network's (paper eq. 4).</summary>
    Embedding,

    /// <summary>Whichever passes its threshold first: a checkpoint must be within both.</summary>
    Both,

    /// <summary>None: run through and keep the last checkpoint.</summary>
    None,
}
