process SELFADAPT_SEGMENT {
    tag "$meta.id"
    label 'process_medium'

    // Built from tools/workflows/container/Containerfile.
    container "selfadapt:0.1.0"

    input:
    tuple val(meta), path(image)
    tuple val(meta2), path(model)

    output:
    tuple val(meta), path("*_cp_masks.tif"), emit: mask
    tuple val(meta), path("*_cells.csv")   , emit: cells, optional: true
    tuple val("${task.process}"), val('selfadapt'), eval('selfadapt --version'), topic: versions, emit: versions_selfadapt

    when:
    task.ext.when == null || task.ext.when

    script:
    def args   = task.ext.args   ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    """
    mkdir images
    ln -s "\$(realpath "${image}")" "images/${prefix}.${image.extension}"

    selfadapt segment \\
        --model "${model}" \\
        --images images \\
        --out . \\
        --threads ${task.cpus} \\
        ${args}
    """

    stub:
    def args   = task.ext.args   ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    """
    echo ${args}
    touch ${prefix}_cp_masks.tif
    """
}
