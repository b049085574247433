"""Which tests show what the fidelity table calls honoured: a handle for each, by file below `tests/`.

Those that begin with `real-` run on a real Docker Engine.
`kubelet/test_spec.py` and below it `command  a_test` mean `[command]` in the table, and
`tests/kubelet/test_spec.py::test_a_test`. A test reads the files: who renames a test renames it here.
"""

TESTS = """
registry/test_creating.py
  named              a_name_is_made_up_from_its_beginning
  stamped            a_new_object_has_uid_time_namespace_and_version
  account-secrets    a_pod_without_pull_secrets_has_its_service_accounts
  system-fields      what_the_system_fills_in_is_not_taken_from_a_client
registry/test_updating.py
  version            an_update_with_an_old_version_is_a_conflict
  generation         only_a_change_of_the_spec_is_a_new_generation
registry/test_managing.py
  managers           a_client_may_write_the_entries_itself
registry/test_deleting.py
  finalizers         a_finalizer_holds_an_object_until_it_is_taken_away
  grace              a_running_pod_is_given_its_grace
registry/test_recorded.py
  data               data_is_given_back_as_it_was_written
  string-data        text_of_a_secret_becomes_data
  metadata           what_metadata_says_is_given_back
  recorded           what_a_pod_says_and_this_machine_has_no_use_for_is_kept
registry/test_storage.py
  default-class      a_claim_without_a_class_gets_the_default_one
registry/test_services.py
  addresses          a_service_gets_an_address
  headless           a_headless_service_keeps_its_none
registry/test_versions.py
  debug-refused      a_debugger_that_cannot_be_is_refused
registry/test_priorities.py
  classes            a_pod_gets_the_priority_of_its_class
registry/test_namespaces.py
  finalize           a_deleted_namespace_is_terminating_until_it_is_finalized
registry/test_eviction.py
  unhealthy          an_unready_pod_goes_for_nothing_where_the_policy_lets_it
objects/selectors/test_labels.py
  labels             kubectls_grammar_matches_and_prints_itself
  selectors          an_objects_selector_matches_and_prints_itself
objects/defaulting/test_pods.py
  qos                the_quality_of_service_follows_from_requests_and_limits
objects/validation/test_metadata.py
  one-controller     only_one_owner_may_control
objects/validation/test_configs.py
  immutable          an_immutable_one_stays_as_it_is
  secret-type        secrets_hold_what_their_type_asks_for

controllers/test_garbage.py
  owners             an_owner_is_known_by_its_uid
  dependents         dependents_go_after_their_owner_all_the_way_down
  foreign-kinds      an_owner_of_a_kind_that_is_not_served_is_not_taken_for_gone
  blocking           a_dependent_that_does_not_block_is_not_waited_for
controllers/scheduling/test_decide.py
  node-selector      a_node_selector_is_honoured
  gates              a_pod_behind_a_gate_is_not_placed
  placed             some_pods_are_not_ours_to_place
  cordon             a_pod_without_a_fitting_node_says_why
controllers/scheduling/test_nodes.py
  node-affinity      a_node_and_a_pod_that_do_not_go_together_stay_apart_for_good
controllers/scheduling/test_interpod.py
  near               a_pod_goes_near_those_that_it_needs
  apart              a_pod_stays_away_from_those_that_it_shuns
  own-rollout        replicas_of_one_revision_may_shun_only_each_other
controllers/scheduling/test_spread.py
  spread             no_domain_gets_too_far_ahead
  spread-domains     nodes_that_the_pod_cannot_match_are_domains_only_if_it_says_so
controllers/scheduling/test_resources.py
  reserved-resources what_a_pod_asks_for_must_be_left
  greediest          sidecars_and_init_containers_count_as_kubernetes_counts_them
controllers/scheduling/test_scores.py
  preferred          preferred_labels_of_nodes_are_weighed
controllers/scheduling/test_scores_interpod.py
  wished             a_pod_would_be_near_some_and_far_from_others
controllers/scheduling/test_preemption.py
  preempted          lesser_pods_make_room
  never-preempts     a_pod_may_not_drive_away_others_if_its_policy_says_so
controllers/scheduling/test_volumes.py
  exclusive          a_read_write_once_pod_claim_has_one_pod_at_a_time
  reached            a_bound_volume_keeps_the_pod_where_it_is_reached
  topologies         a_claim_that_waits_for_its_node_finds_a_volume_there_or_has_one_made
controllers/nodes/test_eviction.py
  driven-away        a_pod_goes_at_once_that_tolerates_nothing_of_the_kind
  borne              the_shortest_of_what_is_borne_counts
controllers/test_budgets.py
  budgets            what_is_allowed_is_what_is_healthy_less_what_must_be
controllers/test_disruption.py
  budget-members     a_pod_that_changes_its_labels_leaves_the_budget
controllers/snapshots/test_reconciler.py
  snapshots          a_snapshot_tells_what_its_content_tells
  snapshot-class     a_snapshot_without_a_class_gets_the_default_one
  snapshot-there     a_content_that_is_there_is_bound
  snapshot-policy    a_content_goes_with_its_snapshot_unless_retained
kubelet/snapshots/test_snapshotter.py
  snapshot-driver    contents_of_other_drivers_are_left_alone
cli/test_snapshot.py
  from-snapshot      a_claim_begins_with_what_a_snapshot_holds
controllers/test_ephemeral.py
  ephemeral          an_ephemeral_volumes_claim_is_made_for_the_pod_and_goes_with_it
controllers/endpoints/test_endpoints.py
  endpoints          a_ready_pod_is_an_endpoint_with_all_that_dns_needs
  target-ports       a_named_target_port_is_looked_up_in_each_pod
  protocols          a_port_says_which_protocol_it_is_and_what_is_spoken_on_it
  published          unready_addresses_can_be_published
controllers/statefulset/test_plan.py
  in-order           the_next_ordinal_waits_until_the_lower_one_is_ready
  parallel           a_parallel_statefulset_creates_every_pod_at_once
  available          a_pod_is_available_only_after_min_ready_seconds
  ordinals           ordinals_may_start_anywhere
  scale-down         scale_down_takes_the_highest_ordinal_one_at_a_time
controllers/statefulset/test_identity.py
  identity           a_pod_is_its_template_under_its_identity
  claim-volumes      claims_take_the_place_of_template_volumes_of_their_name
controllers/statefulset/test_members.py
  members            an_orphan_that_matches_is_adopted_and_a_stranger_is_not
controllers/statefulset/test_rollout.py
  rolling            an_update_replaces_the_highest_pod_first
  on-delete          on_delete_replaces_nothing_by_itself
  partition          pods_below_the_partition_keep_their_revision
  unavailable        max_unavailable_updates_several_pods_together
controllers/statefulset/test_revisions.py
  history            history_beyond_the_limit_is_trimmed_oldest_first
  revisions          a_revision_gives_its_template_back
  revision-numbers   numbers_go_up_from_one
controllers/statefulset/test_reconciler.py
  claims-deleted     a_whole_set_of_claims_goes_with_its_statefulset
  claims-scaled      scaling_down_takes_the_claim_and_up_again_makes_a_fresh_one
controllers/volumes/test_matching.py
  smallest           the_smallest_volume_that_is_large_enough_is_chosen
  misfits            one_thing_wrong_and_a_volume_does_not_match
  by-label           a_selector_looks_at_the_volumes_labels
  reserved           a_volume_that_a_person_reserved_wins_whatever_its_class_selector_and_phase
controllers/volumes/test_claims.py
  by-name            a_volume_asked_for_by_name_is_bound_without_looking_at_the_selector
  provisioner        a_class_without_a_match_asks_its_provisioner_once
  late-binding       a_late_binding_class_waits_for_a_pod_and_then_for_its_node
dns/test_feed.py
  ready-names        an_unready_pod_has_no_name
  endpoint-names     a_pod_behind_two_services_has_a_name_for_each
  published-names    an_unready_pod_that_is_to_be_published_comes_as_ready
  srv                the_srv_record_names_the_pods_own_port
dns/test_answers.py
  aliases            an_alias_to_elsewhere_is_to_be_followed_there

kubelet/test_kubelet.py
  up                 a_pod_comes_up_running_and_ready_with_an_address
  ends               a_deletion_asks_waits_and_then_kills
  inits              init_containers_run_one_after_the_other_before_the_others
  sidecars           a_sidecar_starts_first_stays_and_stops_last
  files              files_are_there_before_the_container_is_made
  claims             a_claim_that_is_not_bound_holds_the_sandbox_up
  never-pulled       never_pulled_means_never
  readiness          a_failed_readiness_probe_only_makes_the_pod_unready
  liveness           a_failed_liveness_probe_restarts_the_container
  startup            the_others_wait_until_the_startup_probe_has_passed
kubelet/test_ephemeral.py
  debug              a_container_is_added_to_a_running_pod_and_goes_with_it
  debug-once         an_ephemeral_container_is_started_once
  debug-target       a_container_sees_the_processes_of_the_one_that_it_names
  debug-fields       it_has_what_any_container_may_have
  debug-image        its_image_is_pulled_as_others_are
kubelet/test_plan.py
  restart-policy     the_restart_policy_decides
kubelet/status/test_pod_status.py
  readiness-gates    readiness_gates_hold_the_pod_back
  host-address       a_pod_on_the_machines_network_has_its_address
kubelet/probes/test_hooks.py
  hooks              a_pre_stop_hook_runs_before_the_signal
  post-start         a_container_is_reported_once_its_post_start_hook_is_done
  hook-requests      hooks_may_be_requests_to_named_ports
  hook-of-nothing    a_hook_without_anything_that_can_be_run_fails
  hook-sleeps        a_hook_may_sleep
kubelet/test_lifecycle.py
  deadline           a_pod_fails_when_its_time_is_up
kubelet/test_plan_lifecycle.py
  own-restart        a_containers_own_policy_and_rules_decide
  hook-grace         a_pre_stop_hook_runs_inside_the_grace
  probe-grace        a_failed_probe_runs_the_hook_inside_the_probes_own_grace
kubelet/test_endings.py
  message            what_it_wrote_is_its_message
  message-of-log     its_log_stands_in_for_a_message_only_where_it_failed_and_that_is_asked_for
kubelet/test_admission.py
  unsafe             only_what_is_the_pods_alone_may_be_set_in_the_kernel
kubelet/images/test_pulling.py
  pull-secrets       a_private_image_is_pulled_with_the_logins_that_the_pod_names
kubelet/probes/test_requesting.py
  headers            the_manifests_headers_come_before_ours
  certificates       no_certificate_is_checked
kubelet/volumes/test_mounting.py
  followed           files_follow_what_they_are_made_from
  claim-group        a_claims_content_is_the_groups
  parts              a_part_of_a_claim_is_made_and_mounted
  recursive          recursive_read_only_takes_an_engine_that_can
kubelet/volumes/test_subpaths.py
  sub-paths          a_sub_path_may_name_variables
kubelet/volumes/test_host_paths.py
  path-types         a_path_has_to_be_what_its_type_says
  made-paths         what_may_be_missing_is_made
kubelet/test_spec.py
  profiles           profiles_are_the_engines_own_unless_another_is_asked_for
  host-pids          the_machines_process_ids_and_ipc_are_shared_where_the_pod_asks
  whole-name         the_kernel_may_know_the_pod_by_its_whole_name
  host-network       a_pod_on_the_machines_network_is_called_as_the_machine_and_has_its_aliases
  host-ports         host_ports_are_published_for_this_machine_unless_the_pod_says_for_whom
  sysctls            kernel_settings_are_the_sandboxs
  command            command_and_args_are_entrypoint_and_arguments_with_variables_replaced
  limits             resources_become_the_engines_limits
  security           security_is_the_containers_before_the_pods
  non-root           who_must_not_be_root_is_not
  own-name           a_pods_own_name
  resolv             whom_a_pod_asks_for_names
  hosts              a_pods_hosts_file_is_kubernetes_own
kubelet/test_environment.py
  env                a_variable_sees_those_before_it
  env-from           env_wins_over_what_is_imported
  env-missing        a_source_that_is_missing_is_named
  field-refs         a_field_of_the_pod
  resource-refs      a_resource_is_counted_in_its_divisor_rounded_up
kubelet/test_fields.py
  told               a_containers_field_is_what_the_engine_is_told
  stdin-once         input_may_end_with_the_first_who_attaches
  stop-signal        a_container_is_stopped_by_the_signal_that_it_names
  shared-pids        process_ids_are_shared_where_the_pod_says_so
  imported           variables_come_from_configmaps_and_secrets_whole_or_by_key
  no-links           no_service_is_announced_where_links_are_not_wanted
  claim-read-only    a_claim_may_be_mounted_read_only_as_a_whole
  sources            files_of_every_source_are_what_it_names
kubelet/volumes/test_files.py
  modes              modes_and_chosen_keys
  secret-files       a_secret_is_decoded
  projection         a_projection_gathers_its_sources
  fs-group           an_empty_dir_is_anybodys_and_a_group_gets_what_it_is_promised
kubelet/volumes/test_mounts.py
  mounts             a_container_sees_files_read_only_and_data_as_it_asks
  bound-claims       a_claim_stands_for_what_its_volume_names
  reach              how_far_mounts_of_the_machine_reach
  in-memory          secrets_and_memory_lie_in_memory
  host-paths         what_a_volume_of_another_kind_comes_to
kubelet/probes/test_probing.py
  delay              the_delay_counts_from_the_containers_start
  thresholds         a_verdict_flips_after_so_many_in_a_row
  successes          several_successes_may_be_asked_for
kubelet/probes/test_dialing.py
  grpc               a_grpc_server_is_asked_how_its_service_is
  http               an_answer_of_200_to_299_passes
  ports              a_port_may_be_named
  exec               a_command_passes_on_0_and_its_output_is_the_message
  timeouts           a_command_that_is_ended_from_outside_has_timed_out_and_runs_on
kubelet/volumes/test_remote.py
  images             other_images_are_other_volumes
  exports            an_export_is_mounted_by_the_engines_local_driver
  attributes         a_volume_of_any_driver_is_made_as_its_attributes_say
  remote-read-only   who_may_write_to_an_image
kubelet/volumes/test_provisioner.py
  provisioned        a_claim_becomes_a_docker_volume_and_a_volume_that_names_it
  class-policy       a_volume_gets_its_classs_reclaim_policy
  reclaimed          a_released_volume_goes_with_its_data
  retained           a_retained_volume_stays_and_a_new_claim_of_its_name_gets_an_empty_one
kubelet/volumes/test_classes.py
  parameters         parameters_are_a_driver_and_its_options
  mount-options      mount_options_are_for_what_the_engine_mounts
kubelet/volumes/test_resizing.py
  expanded           a_claim_that_asks_for_more_gets_it_in_the_order_of_the_external_resizer

scenarios/test_lifecycle.py
  real-order         a_rich_pod_comes_up_and_ends_in_order
  real-grace         a_hook_that_takes_too_long_and_a_container_that_ignores_the_signal
  real-hooks         hooks_may_sleep_and_may_be_requests
  real-timeout       a_probe_that_takes_too_long_has_failed
  real-deadline      a_pod_that_has_run_for_as_long_as_it_may_is_failed
  real-grpc          a_grpc_service_is_ready_when_it_says_that_it_serves
scenarios/test_volumes.py
  real-files         every_file_is_there_with_its_mode_and_owner_before_the_first_instruction
  real-memory        a_volume_in_memory_has_its_limit_and_several_containers_share_one
  real-follow        files_follow_what_they_are_made_from_and_are_never_missing
  real-parts         parts_of_volumes_are_mounted_each_in_its_way
  real-paths         a_path_of_the_machine_has_to_be_what_its_type_says
  real-ephemeral     an_ephemeral_volume_lives_and_dies_with_its_pod
  real-local         the_data_of_a_local_volume_is_given_to_the_group
  real-group         a_claims_content_is_given_to_the_group_before_the_first_start
scenarios/test_host_paths.py
  real-host-path     an_ordinary_path_is_mounted_by_links_and_through_a_claim
scenarios/test_containers.py
  real-messages      a_container_says_why_it_ended_whoever_it_runs_as_and_whatever_it_may_write
  real-command       command_and_args_stand_for_the_images_entrypoint_and_cmd
  real-terminal      a_container_finds_its_folder_its_terminal_and_its_input
  real-env           a_containers_environment_is_what_kubernetes_makes_of_it
  real-limits        limits_and_weights_are_the_engines_and_are_reported
scenarios/test_isolation.py
  real-host-port     a_host_port_is_one_pods_and_the_next_pod_waits_for_it
  real-names         a_pods_names_are_what_it_asks_for
  real-host-network  a_pod_on_the_machines_network_asks_for_names_as_the_machine_does
  real-namespaces    a_pod_shares_the_namespaces_that_it_asks_for
  real-rights        a_container_has_the_rights_that_it_asks_for
  real-users         a_container_runs_as_whom_it_asks_to
  real-sysctls       a_pod_sets_its_own_kernel_settings_and_no_others
scenarios/test_images.py
  real-login         a_private_image_comes_to_who_has_its_password
  real-account       a_service_accounts_secret_is_its_pods
scenarios/test_debug.py
  real-debug         a_debugger_sees_the_processes_of_its_target
  real-run           run_with_rm_and_input_ends_with_its_input
"""
